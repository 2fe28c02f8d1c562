import type { Id, Message } from '../contract/index.ts';
import type { ChatTransaction, Core } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import { Numbering } from './numbering.ts';
import type { Publisher } from './publisher.ts';
import type { Change, ConversationRow, MessageRow } from './rows.ts';
import { type Outcome, type SendOrder, storeTogether } from './sending.ts';
import type { Views } from './views.ts';

/** Orders that wait in one lane; beyond it they are refused, because they would wait too long. */
const waitingMost = 2_000;
/** Messages in one transaction. */
const togetherMost = 100;
/** Conversations are spread over so many lanes, each of which has a connection of the database at work. */
const lanesOf = { sqlite: 1, postgres: 3 } as const;

/** What a message that was sent has become. */
export interface Sent {
  readonly message: Message;
  /** False: it was there already. */
  readonly isNew: boolean;
}

type Order =
  | { readonly type: 'send'; readonly send: SendOrder; readonly done: PromiseWithResolvers<Sent> }
  | {
      readonly type: 'alone';
      readonly appId: string;
      readonly conversation: Id;
      readonly work: (trx: ChatTransaction, numbering: Numbering) => Promise<unknown>;
      readonly done: PromiseWithResolvers<unknown>;
    };

type SendOf = Extract<Order, { type: 'send' }>;

/** What one transaction changed in one conversation. */
interface Committed {
  readonly target: ConversationRow;
  readonly afterChange: number;
  readonly changes: readonly Change[];
}

/**
 * Every change of a conversation goes through its lane: one transaction after the other, published in their order. Messages
 * that come while a transaction runs share the next one, so that many senders cost little more than one.
 */
export class Lanes {
  readonly #lanes: Lane[];

  constructor(core: Core, parts: LaneParts) {
    this.#lanes = Array.from({ length: lanesOf[core.kind] }, () => new Lane(core, parts));
  }

  send(send: SendOrder): Promise<Sent> {
    const done = Promise.withResolvers<Sent>();
    this.#laneOf(send.conversation).add({ type: 'send', send, done });
    return done.promise;
  }

  /** Runs `work` in a transaction of its own that holds the conversation's row. Whatever it throws undoes all. */
  change<Result>(
    appId: string,
    conversation: Id,
    work: (trx: ChatTransaction, numbering: Numbering) => Promise<Result>,
  ): Promise<Result> {
    const done = Promise.withResolvers<unknown>();
    this.#laneOf(conversation).add({ type: 'alone', appId, conversation, work, done });
    return done.promise as Promise<Result>;
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.idle()));
  }

  #laneOf(conversation: Id): Lane {
    let hash = 0;
    for (let index = 0; index < conversation.length; index++) hash += conversation.charCodeAt(index);
    const lane = this.#lanes[hash % this.#lanes.length];
    if (lane === undefined) throw new Error('there is at least one lane');
    return lane;
  }
}

interface LaneParts {
  readonly views: Views;
  readonly publisher: Publisher;
  readonly attachments: Parameters<typeof storeTogether>[2];
}

class Lane {
  readonly #core: Core;
  readonly #parts: LaneParts;
  readonly #waiting: Order[] = [];
  #work: Promise<void> | undefined;
  /** What follows commits, in their order, while the next transaction runs. */
  #after: Promise<void> = Promise.resolve();

  constructor(core: Core, parts: LaneParts) {
    this.#core = core;
    this.#parts = parts;
  }

  add(order: Order): void {
    if (this.#waiting.length >= waitingMost) {
      try {
        refuse('unavailable', { message: 'Too many messages are being sent.', retryAfterSeconds: 1 });
      } catch (refusal) {
        order.done.reject(refusal);
      }
      return;
    }
    this.#waiting.push(order);
    this.#work ??= this.#runAll().finally(() => {
      this.#work = undefined;
    });
  }

  async idle(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
    await this.#after;
  }

  async #runAll(): Promise<void> {
    // Whoever sends in this turn of the loop is in the first transaction.
    await null;
    while (this.#waiting.length > 0) {
      const sends = this.#takeSends();
      if (sends.length > 0) {
        await this.#store(sends);
        continue;
      }
      const order = this.#waiting.shift();
      if (order?.type === 'alone') await this.#alone(order);
    }
  }

  #takeSends(): SendOf[] {
    const sends: SendOf[] = [];
    for (const order of this.#waiting) {
      if (order.type !== 'send' || sends.length === togetherMost) break;
      // What claims files may be refused halfway through, and must not undo the others.
      const alone = order.send.attachments.length > 0;
      if (alone && sends.length > 0) break;
      sends.push(order);
      if (alone) break;
    }
    this.#waiting.splice(0, sends.length);
    return sends;
  }

  async #store(orders: readonly SendOf[]): Promise<void> {
    const sends = orders.map(({ send }) => send);
    let stored: { outcomes: readonly Outcome[]; committed: readonly Committed[] };
    try {
      stored = await this.#transaction((trx) =>
        storeTogether(trx, this.#core, this.#parts.attachments, sends),
      );
    } catch (error) {
      // One at a time, so that only the one that cannot be stored fails.
      if (orders.length > 1) for (const order of orders) await this.#store([order]);
      else orders[0]?.done.reject(error);
      return;
    }
    this.#follow(async () => {
      const messages = await this.#announce(stored.committed);
      for (const [index, { done }] of orders.entries()) {
        const outcome = stored.outcomes[index];
        if (outcome === undefined || outcome.type === 'refused') done.reject(outcome?.refusal);
        else if (outcome.type === 'known') this.#answerKnown(outcome.row, done);
        else {
          const message = messages.get(outcome.row);
          if (message === undefined) this.#answerKnown(outcome.row, done);
          else done.resolve({ message, isNew: true });
        }
      }
    });
  }

  #answerKnown(row: MessageRow, done: PromiseWithResolvers<Sent>): void {
    this.#parts.views.messages(row.app_id, [row]).then(([message]) => {
      if (message !== undefined) done.resolve({ message, isNew: false });
    }, done.reject);
  }

  async #alone(order: Extract<Order, { type: 'alone' }>): Promise<void> {
    const { appId, conversation, work, done } = order;
    try {
      const { result, committed } = await this.#transaction(async (trx) => {
        const numbering = await Numbering.open(trx, this.#core, appId, conversation);
        const afterChange = numbering.conversation.last_change;
        const result = await work(trx, numbering);
        await numbering.finish();
        return {
          result,
          committed: [{ target: numbering.conversation, afterChange, changes: numbering.changes }],
        };
      });
      this.#follow(async () => {
        await this.#announce(committed);
        done.resolve(result);
      });
    } catch (error) {
      done.reject(error);
    }
  }

  #transaction<Result>(work: (trx: ChatTransaction) => Promise<Result>): Promise<Result> {
    return this.#core.db.transaction().execute(work);
  }

  #follow(work: () => Promise<void>): void {
    this.#after = this.#after.then(work).catch((error) => this.#core.onProblem('after a message', error));
  }

  /** Hands what was committed to the publisher. @returns the messages by their rows; none if they cannot be read now */
  async #announce(committed: readonly Committed[]): Promise<ReadonlyMap<MessageRow, Message>> {
    const found = new Map<MessageRow, Message>();
    for (const [appId, group] of Map.groupBy(committed, ({ target }) => target.app_id)) {
      const rows = group.flatMap(({ changes }) => changes.map(({ row }) => row));
      if (rows.length === 0) continue;
      const fresh = group.every(({ changes }) => changes.every(({ isNew }) => isNew));
      try {
        const messages = await this.#parts.views.messages(appId, rows, fresh);
        for (const [index, message] of messages.entries()) {
          const row = rows[index];
          if (row !== undefined) found.set(row, message);
        }
      } catch (error) {
        this.#core.onProblem('after a message', error);
        for (const { target, afterChange } of group) this.#parts.publisher.pushUnread(target, afterChange);
        continue;
      }
      for (const { target, afterChange, changes } of group) {
        const published = changes.flatMap(({ row, isNew }) => {
          const message = found.get(row);
          return message === undefined ? [] : [{ message, isNew }];
        });
        this.#parts.publisher.push(target, afterChange, published);
      }
    }
    return found;
  }
}
