import { CodeBlock, type SnippetSubject, snippets, Tabs } from '@earshot/ui';
import { useState } from 'preact/hooks';
import type { AppDetail, AppKeyView } from '../contract.ts';
import { SelectField } from '../parts/field.tsx';
import { useDesk } from '../shell/desk.ts';
import { dots } from './secret.ts';
import { shellSnippet } from './shell-snippet.ts';

export interface SnippetsProps {
  readonly app: AppDetail;
  readonly keyView: AppKeyView;
  /** Every key of the app. */
  readonly choices: readonly string[];
  readonly onChoose: (key: string) => void;
}

/** What to write to use this app, by library. What is copied has the secret in it; what is shown has dots. */
export function Snippets({ app, keyView, choices, onChoose }: SnippetsProps) {
  const { session } = useDesk();
  const [selected, select] = useState('pusher-js');
  const subject: SnippetSubject = {
    app: { id: app.id, key: keyView.key },
    server: session.server,
    channel: 'my-channel',
    event: 'my-event',
    appears: 'in the debug console',
  };
  const all = (secret: string) => [...snippets(subject, secret), shellSnippet(subject, secret)];
  const shown = all(dots);
  const snippet = shown.find(({ id }) => id === selected);
  const copied = all(keyView.secret).find(({ id }) => id === selected)?.files;
  const isMasked = snippet?.files.some(({ code }) => code.includes(dots));

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
      <Tabs label="Libraries" tabs={shown} selected={selected} onSelect={select}>
        <p class="hint snippet-about">
          {snippet?.about}
          {isMasked && ' The secret shows as dots; what you copy has it.'}
        </p>
        <div class="snippet-files">
          {snippet?.files.map(({ name, code }, index) => (
            <CodeBlock
              key={name}
              code={code}
              copied={copied?.[index]?.code ?? code}
              what={name}
              caption={<code>{name}</code>}
            />
          ))}
        </div>
      </Tabs>
    </section>
  );
}
