export { CodeBlock, type CodeBlockProps } from './code-block.tsx';
export { CopyButton } from './copy-button.tsx';
export { Credentials, type CredentialsProps } from './credentials.tsx';
export { Dot, type DotState } from './dot.tsx';
export { Mark } from './mark.tsx';
export { SnippetTabs, type SnippetTabsProps } from './snippet-tabs.tsx';
export { type Snippet, type SnippetSubject, snippets } from './snippets.ts';
export { type Tab, Tabs, type TabsProps } from './tabs.tsx';
