import { type SnippetSubject, SnippetTabs, snippets } from '@earshot/ui';
import type { AppDetail, AppKeyView } from '../contract.ts';
import { SelectField } from '../parts/field.tsx';
import { useDesk } from '../shell/desk.ts';
import { shellSnippet } from './shell-snippet.ts';

export interface SnippetsProps {
  readonly app: AppDetail;
  readonly keyView: AppKeyView;
  /** Every key of the app. */
  readonly choices: readonly string[];
  readonly onChoose: (key: string) => void;
}

/** What to write to use this app, by library. */
export function Snippets({ app, keyView, choices, onChoose }: SnippetsProps) {
  const { session } = useDesk();
  const subject: SnippetSubject = {
    app: { id: app.id, key: keyView.key },
    server: session.server,
    channel: 'my-channel',
    event: 'my-event',
    appears: 'in the debug console',
  };
  const snippetsWith = (secret: string) => [...snippets(subject, secret), shellSnippet(subject, secret)];

  return (
    <section class="part" aria-labelledby="snippets-title">
      <div class="part-head">
        <h2 id="snippets-title">Ready to paste</h2>
        {choices.length > 1 && (
          <div class="key-choice">
            <SelectField
              label="With key"
              value={keyView.key}
              onValue={onChoose}
              options={choices.map((key) => ({ value: key, label: key }))}
            />
          </div>
        )}
      </div>
      <p class="hint">Any Pusher client or publisher library works as it is, told where this server runs.</p>
      <SnippetTabs snippetsWith={snippetsWith} secret={keyView.secret} isSecretShown={false} />
    </section>
  );
}
