import { CodeBlock } from '@earshot/ui';
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../contract.ts';

/** With less left than this, a page that is looked at asks for a new signature. */
const renewSeconds = 60;

export interface CurlProps {
  session: Session;
  connected: boolean;
  renew: () => Promise<void>;
}

/** The signed line to paste into a terminal. Its signature ages, so it is renewed while someone looks. */
export function Curl({ session, connected, renew }: CurlProps) {
  const left = useSecondsLeft(session.curl);
  const old = left < renewSeconds;

  useEffect(() => {
    if (!old || !connected) return;
    const renewWhenSeen = () => {
      if (document.visibilityState === 'visible') void renew();
    };
    renewWhenSeen();
    document.addEventListener('visibilitychange', renewWhenSeen);
    return () => document.removeEventListener('visibilitychange', renewWhenSeen);
  }, [old, connected, renew]);

  return (
    <section class="part" aria-labelledby="curl-title">
      <h2 id="curl-title">Publish from a terminal</h2>
      <p class="hint">Paste this line into a shell. Every window shows it at once.</p>
      <CodeBlock
        code={session.curl.line}
        what="curl line"
        wrap
        caption={
          left > 0 ? (
            <>
              Signed, valid for <span class="figure">{minutesAndSeconds(left)}</span>
            </>
          ) : (
            <>
              The signature has expired.{' '}
              <button type="button" class="inline-action" onClick={() => void renew()}>
                Sign again
              </button>
            </>
          )
        }
      />
    </section>
  );
}

/** Whole seconds until the signature expires, counted from when it came. */
function useSecondsLeft(curl: Session['curl']): number {
  const [now, setNow] = useState(Date.now());
  const [expires, setExpires] = useState(0);
  useEffect(() => {
    setNow(Date.now());
    setExpires(Date.now() + curl.validSeconds * 1000);
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [curl]);
  return Math.max(0, Math.round((expires - now) / 1000));
}

function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
