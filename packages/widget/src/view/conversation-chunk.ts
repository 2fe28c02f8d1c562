import './conversation-icons.ts';
import css from '../styles/conversation.css' with { type: 'text' };
import { ConversationView, type ConversationViewProps } from './conversation-view.tsx';
import type { Chunk } from './lazy.tsx';

/** What one needs to read and write, fetched while the list is already there. */
export const conversation: Chunk<ConversationViewProps> = { view: ConversationView, css };
