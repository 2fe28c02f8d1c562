export { CodeBlock, type CodeBlockProps } from './code-block.tsx';
export { CopyButton } from './copy-button.tsx';
export { Dot, type DotState } from './dot.tsx';
export { Mark } from './mark.tsx';
export { type Snippet, type SnippetSubject, snippets } from './snippets.ts';
export { type Tab, Tabs, type TabsProps } from './tabs.tsx';
