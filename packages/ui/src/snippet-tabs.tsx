import { useState } from 'preact/hooks';
import { CodeBlock } from './code-block.tsx';
import { dots } from './credentials.tsx';
import type { Snippet } from './snippets.ts';
import { Tabs } from './tabs.tsx';

export interface SnippetTabsProps {
  /** With this secret in them; the same snippets in the same order, whatever it is. */
  readonly snippetsWith: (secret: string) => readonly Snippet[];
  readonly secret: string;
  readonly isSecretShown: boolean;
}

/** What to write to use a server, by library. What is copied has the secret in it, shown or not. */
export function SnippetTabs({ snippetsWith, secret, isSecretShown }: SnippetTabsProps) {
  const copied = snippetsWith(secret);
  const shown = isSecretShown ? copied : snippetsWith(dots);
  const [selected, select] = useState(shown[0]?.id ?? '');
  const snippet = shown.find(({ id }) => id === selected);
  const files = copied.find(({ id }) => id === selected)?.files;
  const isMasked = snippet?.files.some(({ code }) => code.includes(dots));
  return (
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
            copied={files?.[index]?.code ?? code}
            what={name}
            caption={<code>{name}</code>}
          />
        ))}
      </div>
    </Tabs>
  );
}
