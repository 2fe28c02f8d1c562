import type { ChatApp } from '../apps.ts';
import type { Core } from '../core/core.ts';
import { lockSubject } from './locks.ts';
import { newSecret } from './secrets.ts';

/** How long the secret before the newest one still counts: time to give the new one to all of a site's servers. */
const overlapMs = 24 * 60 * 60_000;

/**
 * The secrets that tokens of the host site are checked with. What is configured for the app is the newest one; when it
 * changes, the one before it counts for another day. Where nothing is configured, one is made and can be exchanged here.
 */
export class HostSecrets {
  readonly #core: Core;
  /** By app: what was configured when the rows were looked at. */
  readonly #noted = new Map<string, string>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** The configured or newest first; two at most. */
  async valid(app: ChatApp): Promise<readonly string[]> {
    const configured = app.settings.chatSecret;
    if (configured !== null) await this.#note(app.id, configured);
    const now = this.#core.clock.now();
    const kept = (await this.#rows(app.id))
      .filter(({ valid_until }) => valid_until === null || valid_until > now)
      .map(({ secret }) => secret);
    return [...new Set(configured === null ? kept : [configured, ...kept])].slice(0, 2);
  }

  /** The secret to sign with. */
  async current(app: ChatApp): Promise<string> {
    const [newest] = await this.valid(app);
    return newest ?? this.rotate(app);
  }

  /**
   * A new secret; the one before it counts for another day.
   * @throws Error where the app's secret is configured: that one would win again
   */
  async rotate(app: ChatApp): Promise<string> {
    if (app.settings.chatSecret !== null) {
      throw new Error('The chat secret of this app is a setting (EARSHOT_APP_CHAT_SECRET); change it there');
    }
    const secret = newSecret();
    await this.#add(app.id, secret);
    return secret;
  }

  /** The secret before the newest one counts no more, as when it has become known to others. */
  async endPrevious(appId: string): Promise<void> {
    await this.#core.db
      .deleteFrom('chat_host_secrets')
      .where('app_id', '=', appId)
      .where('valid_until', 'is not', null)
      .execute();
  }

  async #note(appId: string, configured: string): Promise<void> {
    if (this.#noted.get(appId) === configured) return;
    await this.#add(appId, configured);
    this.#noted.set(appId, configured);
  }

  async #add(appId: string, secret: string): Promise<void> {
    await this.#core.db.transaction().execute(async (trx) => {
      await lockSubject(trx, this.#core, 'host-secret', appId);
      const [newest] = await this.#rows(appId, trx);
      if (newest?.secret === secret) return;
      const position = (newest?.position ?? 0) + 1;
      await trx
        .deleteFrom('chat_host_secrets')
        .where('app_id', '=', appId)
        .where((row) => row.or([row('secret', '=', secret), row('position', '<', position - 1)]))
        .execute();
      await trx
        .updateTable('chat_host_secrets')
        .set({ valid_until: this.#core.clock.now() + overlapMs })
        .where('app_id', '=', appId)
        .where('valid_until', 'is', null)
        .execute();
      await trx
        .insertInto('chat_host_secrets')
        .values({ app_id: appId, position, secret, valid_until: null })
        .execute();
    });
  }

  #rows(appId: string, db = this.#core.db) {
    return db
      .selectFrom('chat_host_secrets')
      .selectAll()
      .where('app_id', '=', appId)
      .orderBy('position', 'desc')
      .limit(2)
      .execute();
  }
}
