import type { Id } from '../contract/index.ts';
import { newId } from '../ids.ts';
import type { NewMessage } from './numbering.ts';
import type { StoredLine } from './rows.ts';

/** A line of the server's own: who did it is the author, what was done is data. */
export function systemMessage(actor: Id, line: StoredLine, at: number): NewMessage {
  return {
    client_id: newId(),
    digest: '',
    author: actor,
    kind: 'system',
    text: '',
    system: JSON.stringify(line),
    reply_to: null,
    attachments: null,
    mentions: null,
    at,
    edited_at: null,
    deleted_at: null,
  };
}
