import type { Clock } from '@earshot/base';
import type { Id } from '../contract/index.ts';
import type { ChatTransaction } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import { lockConversation } from './access.ts';
import type { Change, ConversationRow, MessageRow } from './rows.ts';

export type NewMessage = Omit<MessageRow, 'app_id' | 'conversation' | 'seq' | 'change' | 'created_change'>;
type Alterable = 'author' | 'text' | 'system' | 'attachments' | 'mentions' | 'edited_at' | 'deleted_at';

/**
 * The changes of one conversation within a transaction. It holds the conversation's row, so nobody else takes numbers
 * meanwhile; they are written when it is finished, and undone with the transaction.
 */
export class Numbering {
  readonly #trx: ChatTransaction;
  readonly #clock: Clock;
  readonly #before: ConversationRow;
  #row: ConversationRow;
  readonly #changes = new Map<number, Change>();

  private constructor(trx: ChatTransaction, clock: Clock, row: ConversationRow) {
    this.#trx = trx;
    this.#clock = clock;
    this.#before = row;
    this.#row = row;
  }

  /** @throws Refusal when there is no such conversation */
  static async open(
    trx: ChatTransaction,
    core: { readonly kind: 'sqlite' | 'postgres'; readonly clock: Clock },
    appId: string,
    id: Id,
  ): Promise<Numbering> {
    const row = await lockConversation(trx, core.kind, appId, id);
    return row === undefined ? refuse('not_found') : new Numbering(trx, core.clock, row);
  }

  /** As it is by now. */
  get conversation(): ConversationRow {
    return this.#row;
  }

  /** What has to be published, in order. */
  get changes(): readonly Change[] {
    return [...this.#changes.values()].sort((a, b) => a.row.change - b.row.change);
  }

  async add(messages: readonly NewMessage[]): Promise<MessageRow[]> {
    if (messages.length === 0) return [];
    const { app_id, id: conversation, last_seq, last_change } = this.#row;
    const rows = messages.map((message, index): MessageRow => {
      const change = last_change + index + 1;
      return { ...message, app_id, conversation, seq: last_seq + index + 1, change, created_change: change };
    });
    // SQLite takes 32,766 values in a statement.
    for (let from = 0; from < rows.length; from += 500) {
      await this.#trx
        .insertInto('chat_messages')
        .values(rows.slice(from, from + 500))
        .execute();
    }
    for (const row of rows) this.#changes.set(row.seq, { row, isNew: true });
    this.#row = {
      ...this.#row,
      last_seq: last_seq + rows.length,
      last_change: last_change + rows.length,
      last_at: Math.max(this.#row.last_at, ...rows.map(({ at }) => at)),
    };
    return rows;
  }

  /** Gives the message its next state; without values only its number changes (reactions have rows of their own). */
  async alter(message: MessageRow, values: Partial<Pick<MessageRow, Alterable>>): Promise<MessageRow> {
    const change = this.#row.last_change + 1;
    const set = { ...values, change };
    await this.#trx
      .updateTable('chat_messages')
      .set(set)
      .where('app_id', '=', message.app_id)
      .where('conversation', '=', message.conversation)
      .where('seq', '=', message.seq)
      .execute();
    const row = { ...message, ...set };
    this.#changes.set(row.seq, { row, isNew: this.#changes.get(row.seq)?.isNew ?? false });
    this.#row = { ...this.#row, last_change: change };
    return row;
  }

  /** Of the conversation itself. */
  set(
    values: Partial<
      Pick<ConversationRow, 'title' | 'topic' | 'slow_seconds' | 'locked' | 'members_only' | 'retention_days'>
    >,
  ): void {
    this.#row = { ...this.#row, ...values };
  }

  /** Writes the conversation's row. The last thing in the transaction. */
  async finish(): Promise<void> {
    const before = this.#before;
    if (this.#row === before) return;
    const wasPublished = before.published_change === before.last_change;
    if (this.#row.last_change !== before.last_change && wasPublished) {
      this.#row = { ...this.#row, unpublished_since: this.#clock.now() };
    }
    const { app_id, id, unique_key: _, published_change: __, ...values } = this.#row;
    await this.#trx
      .updateTable('chat_conversations')
      .set(values)
      .where('app_id', '=', app_id)
      .where('id', '=', id)
      .execute();
  }
}
