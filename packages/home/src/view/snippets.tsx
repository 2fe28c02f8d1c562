import { SnippetTabs, snippets } from '@earshot/ui';
import { type Session, tryChannel, tryEvent } from '../contract.ts';

/** What to write to use this server, by library. */
export function Snippets({ session, secretShown }: { session: Session; secretShown: boolean }) {
  const { app, server } = session;
  const subject = { app, server, channel: tryChannel, event: tryEvent, appears: 'on this page' };

  return (
    <section class="part" aria-labelledby="snippets-title">
      <h2 id="snippets-title">Connect your application</h2>
      <p class="hint">
        Any Pusher client or publisher library works as it is. Tell it where this server runs.
      </p>
      <SnippetTabs
        snippetsWith={(secret) => snippets(subject, secret)}
        secret={app.secret}
        isSecretShown={secretShown}
      />
    </section>
  );
}
