import { CodeBlock, type Snippet, snippets, Tabs } from '@earshot/ui';
import { useState } from 'preact/hooks';
import { type Session, tryChannel, tryEvent } from '../contract.ts';
import { dots } from './secret.ts';

/** What to write to use this server, by library. What is copied has the secret in it, shown or not. */
export function Snippets({ session, secretShown }: { session: Session; secretShown: boolean }) {
  const [selected, select] = useState<Snippet['id']>('pusher-js');
  const { app, server } = session;
  const subject = { app, server, channel: tryChannel, event: tryEvent, appears: 'on this page' };
  const copied = snippets(subject, app.secret);
  const shown = secretShown ? copied : snippets(subject, dots);
  const snippet = shown.find(({ id }) => id === selected);
  const files = copied.find(({ id }) => id === selected)?.files;
  const masked = snippet?.files.some(({ code }) => code.includes(dots));

  return (
    <section class="part" aria-labelledby="snippets-title">
      <h2 id="snippets-title">Connect your application</h2>
      <p class="hint">
        Any Pusher client or publisher library works as it is. Tell it where this server runs.
      </p>
      <Tabs label="Libraries" tabs={shown} selected={selected} onSelect={select}>
        <p class="hint snippet-about">
          {snippet?.about}
          {masked && ' The secret shows as dots; what you copy has it.'}
        </p>
        <div class="snippet-files">
          {snippet?.files.map(({ name, code }, index) => (
            <CodeBlock
              key={name}
              code={code}
              copied={files?.[index]?.code ?? code}
              what={name}
              caption={<code>{name}</code>}
            />
          ))}
        </div>
      </Tabs>
    </section>
  );
}
