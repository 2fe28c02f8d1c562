import './conversation-icons.ts';
import './home-icons.ts';
import conversationCss from '../styles/conversation.css' with { type: 'text' };
import homeCss from '../styles/home.css' with { type: 'text' };
import insideCss from '../styles/inside.css' with { type: 'text' };
import { Announcer } from './announcer.tsx';
import { Beside, type BesideProps } from './beside.tsx';
import { ConversationPanel, type ConversationPanelProps } from './conversation.tsx';
import { ConversationView, type ConversationViewProps } from './conversation-view.tsx';
import { Inner, type InnerProps } from './inner.tsx';
import type { Chunk } from './lazy.tsx';

/*
 * What there is for those who are signed in, in one file because all of it is needed at once. What nobody needs before the
 * first message is in files of its own.
 */
const css = insideCss + homeCss + conversationCss;

/** Who is there and what was said. */
export const inner: Chunk<InnerProps> = { view: Inner, css };
/** Reading and writing. */
export const conversation: Chunk<ConversationViewProps> = { view: ConversationView, css };
export const conversationPanel: Chunk<ConversationPanelProps> = { view: ConversationPanel, css };
export const beside: Chunk<BesideProps> = { view: Beside, css };
export const announcer: Chunk<object> = { view: Announcer, css };
export { createPerson } from '../store/person.ts';
