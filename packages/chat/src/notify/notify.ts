import { createHash } from 'node:crypto';
import { type Id, type Invitation, limits, type Message, type PushPayload } from '../contract/index.ts';
import type { Attention, Caller, Core, People, PersonalData, Reach } from '../core/core.ts';
import type { Keys } from '../core/keys.ts';
import { type Outbound, OutboundError } from '../outbound/outbound.ts';
import { refuse } from '../refusal.ts';
import { Bursts } from './bursts.ts';
import { areBrowserKeys, type BrowserKeys } from './push-message.ts';
import { type Delivery, Sender, type Subscription } from './sender.ts';
import { Work } from './work.ts';

/** A message that is older than this calls nobody any more. */
const messageSeconds = 24 * 60 * 60;
/** Ids in one statement: databases have a bound for what a statement may hold. */
const chunk = 500;
const checkMs = 10_000;
/** A server that stops waits no longer for push services. */
const stopMs = 5_000;

export interface NotifyOptions {
  readonly core: Core;
  readonly keys: Keys;
  readonly people: Pick<People, 'me' | 'sessions'>;
  readonly reach: Pick<Reach, 'isConnected'>;
  readonly outbound: Outbound;
  /** An https: or mailto: address by which push services reach whoever runs this server. */
  readonly contact: string;
}

/** What a notification is about, before it is known who may see what of it. */
interface Call {
  readonly appId: string;
  readonly to: Id;
  readonly kind: PushPayload['kind'];
  readonly conversation: Id | null;
  readonly title: string;
  readonly text: string;
  /** In the place of the text when that is not to be shown. */
  readonly instead: string;
  readonly delivery: Delivery;
}

/**
 * Web Push to people who have no connection. A burst in a conversation becomes one notification; whoever is back within
 * the seconds in which it gathers gets none.
 */
export class Notify implements Attention {
  readonly #core: Core;
  readonly #people: Pick<People, 'me' | 'sessions'>;
  readonly #reach: Pick<Reach, 'isConnected'>;
  readonly #outbound: Outbound;
  readonly #sender: Sender;
  readonly #work: Work;
  readonly #bursts: Bursts<Call>;

  constructor(options: NotifyOptions) {
    this.#core = options.core;
    this.#people = options.people;
    this.#reach = options.reach;
    this.#outbound = options.outbound;
    this.#sender = new Sender(options);
    this.#work = new Work(options.core.onProblem);
    this.#bursts = new Bursts(options.core.clock, (call, count) => {
      this.#work.add(() => this.#call(call, count));
    });
  }

  /** VAPID public key of the app, base64url: `ChatConfig.pushKey`. */
  async publicKey(appId: string): Promise<string> {
    return (await this.#sender.serverKeys(appId)).publicKey;
  }

  message(appId: string, message: Message, title: string, to: readonly Id[]): void {
    const { author, conversation } = message;
    const others = to.filter((id) => id !== author.id);
    if (others.length === 0) return;
    const about: Omit<Call, 'to'> = {
      appId,
      kind: 'message',
      conversation,
      title: title === '' || title === author.name ? author.name : `${author.name} · ${title}`,
      text: excerpt(message),
      instead: 'New message',
      delivery: { topic: conversation, urgency: 'high', ttlSeconds: messageSeconds },
    };
    this.#work.add(async () => {
      for (const id of await this.#subscribed(appId, others)) {
        this.#bursts.add(`${appId} ${id} ${conversation}`, message.seq, { ...about, to: id });
      }
    });
  }

  invitation(appId: string, invitation: Invitation): void {
    const { id, from, to, expiresAt } = invitation;
    this.#work.add(async () => {
      const ttlSeconds = Math.floor((expiresAt - this.#core.clock.now()) / 1000);
      if (ttlSeconds <= 0) return;
      const call: Call = {
        appId,
        to: to.id,
        kind: 'invitation',
        conversation: null,
        title: from.name,
        text: '',
        instead: 'Would like to chat with you',
        delivery: { topic: id, urgency: 'high', ttlSeconds },
      };
      await this.#call(call, 1);
    });
  }

  /**
   * One browser for each session; a browser that was somebody else's is theirs no longer.
   * @param host of this server, as the browser knows it
   */
  async subscribe(caller: Caller, endpoint: string, keys: BrowserKeys, host: string): Promise<void> {
    if (!areBrowserKeys(keys)) {
      refuse('bad_request', { field: 'keys', message: 'Expected p256dh and auth as the browser gave them.' });
    }
    await this.#outbound.check(endpoint, { timeoutMs: checkMs }).catch((error) => {
      if (!(error instanceof OutboundError)) throw error;
      refuse('bad_request', { field: 'endpoint', message: error.message });
    });
    const row: Subscription = {
      app_id: caller.app.id,
      session: caller.session,
      owner: caller.user,
      endpoint,
      endpoint_hash: createHash('sha256').update(endpoint).digest('base64url'),
      p256dh: keys.p256dh,
      auth: keys.auth,
      host,
      created_at: this.#core.clock.now(),
    };
    await this.#core.db.transaction().execute(async (trx) => {
      await trx
        .deleteFrom('chat_push_subscriptions')
        .where('app_id', '=', row.app_id)
        .where((or) => or.or([or('session', '=', row.session), or('endpoint_hash', '=', row.endpoint_hash)]))
        .execute();
      // What waits was encrypted for the keys of before.
      await trx
        .deleteFrom('chat_push_retries')
        .where('app_id', '=', row.app_id)
        .where('session', '=', row.session)
        .execute();
      const { app_id: _, session: __, ...changed } = row;
      await trx
        .insertInto('chat_push_subscriptions')
        .values(row)
        .onConflict((conflict) => conflict.columns(['app_id', 'session']).doUpdateSet(changed))
        .execute();
    });
  }

  async unsubscribe(caller: Caller): Promise<void> {
    await this.#core.db.transaction().execute(async (trx) => {
      for (const table of ['chat_push_subscriptions', 'chat_push_retries'] as const) {
        await trx
          .deleteFrom(table)
          .where('app_id', '=', caller.app.id)
          .where('session', '=', caller.session)
          .execute();
      }
    });
  }

  /** Their browsers are nobody's any more. */
  async sessionsEnded(appId: string, sessions: readonly Id[]): Promise<void> {
    for (let start = 0; start < sessions.length; start += chunk) {
      for (const table of ['chat_push_subscriptions', 'chat_push_retries'] as const) {
        await this.#core.db
          .deleteFrom(table)
          .where('app_id', '=', appId)
          .where('session', 'in', sessions.slice(start, start + chunk))
          .execute();
      }
    }
  }

  /** A notification to the browser that asks; refuses with the reason when it did not go out. */
  async test(caller: Caller): Promise<void> {
    const subscription = await this.#core.db
      .selectFrom('chat_push_subscriptions')
      .selectAll()
      .where('app_id', '=', caller.app.id)
      .where('session', '=', caller.session)
      .executeTakeFirst();
    if (subscription === undefined) refuse('not_found', { message: 'This browser has no subscription.' });
    const call: Call = {
      appId: caller.app.id,
      to: caller.user,
      kind: 'test',
      conversation: null,
      title: '',
      text: '',
      instead: 'Notifications work',
      delivery: { topic: 'test', urgency: 'high', ttlSeconds: 60 },
    };
    const text = payload(call, caller.app.key, 1, subscription.host, false);
    const failed = await this.#sender.attempt(subscription, text, call.delivery);
    if (failed !== null) refuse('unavailable', { message: failed });
  }

  /** Resolves when nothing is under way; what still gathers is not waited for. */
  idle(): Promise<void> {
    return this.#work.idle();
  }

  /** What gathers is sent, as far as that takes no longer than a few seconds. */
  async stop(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#core.clock.after(stopMs, late.resolve);
    const sent = this.#work.idle().then(() => {
      this.#bursts.end();
      return this.#work.idle();
    });
    await Promise.race([sent, late.promise]);
    timer.cancel();
    this.#work.drop();
  }

  /** Registers with those of the other parts. */
  readonly personalData: PersonalData = {
    name: 'notifications',
    merge: async (trx, appId, from, into) => {
      for (const table of ['chat_push_subscriptions', 'chat_push_retries'] as const) {
        await trx
          .updateTable(table)
          .set({ owner: into })
          .where('app_id', '=', appId)
          .where('owner', '=', from)
          .execute();
      }
    },
    export: async (appId, id) => {
      const rows = await this.#core.db
        .selectFrom('chat_push_subscriptions')
        .select(['endpoint', 'created_at'])
        .where('app_id', '=', appId)
        .where('owner', '=', id)
        .execute();
      return rows.map(({ endpoint, created_at }) => ({ endpoint, since: created_at }));
    },
    erase: async (trx, appId, id) => {
      for (const table of ['chat_push_subscriptions', 'chat_push_retries'] as const) {
        await trx.deleteFrom(table).where('app_id', '=', appId).where('owner', '=', id).execute();
      }
    },
  };

  /** Those who have a subscription: in a large room they are few. */
  async #subscribed(appId: string, ids: readonly Id[]): Promise<Id[]> {
    const found: Id[] = [];
    for (let start = 0; start < ids.length; start += chunk) {
      const rows = await this.#core.db
        .selectFrom('chat_push_subscriptions')
        .select('owner')
        .distinct()
        .where('app_id', '=', appId)
        .where('owner', 'in', ids.slice(start, start + chunk))
        .execute();
      found.push(...rows.map(({ owner }) => owner));
    }
    return found;
  }

  async #call(call: Call, count: number): Promise<void> {
    const { appId, to } = call;
    const app = this.#core.apps.byId(appId);
    if (app === undefined) return;
    const subscriptions = await this.#core.db
      .selectFrom('chat_push_subscriptions')
      .selectAll()
      .where('app_id', '=', appId)
      .where('owner', '=', to)
      .execute();
    if (subscriptions.length === 0 || (await this.#reach.isConnected(appId, to))) return;
    const { preferences } = await this.#people.me(appId, to);
    const alive = await this.#people.sessions(appId, to);
    for (const subscription of subscriptions) {
      if (!alive.includes(subscription.session)) {
        await this.sessionsEnded(appId, [subscription.session]);
        continue;
      }
      const text = payload(call, app.key, count, subscription.host, preferences.hideText);
      await this.#sender.send(subscription, text, call.delivery);
    }
  }
}

function payload(call: Call, app: string, count: number, host: string, hideText: boolean): string {
  const text = hideText ? '' : call.text;
  const said = `${text || call.instead}${count > 1 ? ` (${count})` : ''}`;
  const { kind, conversation, title } = call;
  const push: PushPayload = {
    earshot: 1,
    app,
    kind,
    conversation,
    title,
    body: `${said}\n${host}`,
    text,
    count,
    host,
  };
  return JSON.stringify(push);
}

/** The beginning of what was written, on one line. */
function excerpt({ kind, author, text }: Message): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = [...(kind === 'action' ? `${author.name} ${line}` : line)];
  const most = limits.excerptCharacters;
  return characters.length <= most ? characters.join('') : `${characters.slice(0, most - 1).join('')}…`;
}
