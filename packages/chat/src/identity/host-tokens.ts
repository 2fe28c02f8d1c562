import { z } from '@hono/zod-openapi';
import type { ChatApp } from '../apps.ts';
import type { Core } from '../core/core.ts';
import { refuse } from '../refusal.ts';
import type { HostContact } from './hooks.ts';
import type { HostSecrets } from './host-secrets.ts';
import { type JWTPayload, TokenError, verifyToken } from './jwt.ts';
import type { Profile } from './users.ts';

const charactersMax = 60_000;
const lifeSecondsMax = 3_600;
const contactsMax = 1_000;
/** Clocks of two machines differ. */
const toleranceSeconds = 60;

const subject = z.string().min(1).max(200);
const claims = z.object({
  sub: subject,
  exp: z.number(),
  iat: z.number().optional(),
  name: z.string().max(1_000).optional(),
  picture: z.string().max(2_000).nullish(),
  contacts: z
    .array(z.union([subject, z.object({ sub: subject, name: z.string().max(1_000).optional() })]))
    .max(contactsMax)
    .optional(),
  moderator: z.boolean().optional(),
});

const roomClaims = z.object({
  exp: z.number(),
  room: subject,
  title: z.string().max(1_000).optional(),
  membersOnly: z.boolean().optional(),
});

/** A room that the host site names by an id of its own. */
export interface RoomClaims {
  readonly room: string;
  readonly title: string;
  readonly membersOnly: boolean;
}

export interface HostClaims {
  readonly subject: string;
  readonly profile: Profile;
  /** Null: the token says nothing of contacts. */
  readonly contacts: readonly HostContact[] | null;
}

/** Tokens by which the host site says who its users are: JWTs, HS256, signed with the app's chat secret. */
export class HostTokens {
  readonly #core: Core;
  readonly #secrets: HostSecrets;

  constructor(core: Core, secrets: HostSecrets) {
    this.#core = core;
    this.#secrets = secrets;
  }

  /** @throws Refusal `host_token_invalid`, which says what was expected */
  async read(app: ChatApp, token: string): Promise<HostClaims> {
    const nowMs = this.#core.clock.now();
    const payload = await this.#verified(app, token, nowMs, ['sub']);
    const read = claims.safeParse(payload);
    if (!read.success) {
      const [issue] = read.error.issues;
      refuseToken(`"${issue?.path.join('.')}" is not as expected: ${issue?.message}.`);
    }
    const { sub, exp, iat, name, picture, contacts, moderator } = read.data;
    const now = Math.floor(nowMs / 1000);
    requireShortLife(exp - now);
    if (iat !== undefined && iat > now + toleranceSeconds) {
      refuseToken('"iat" is in the future; look at the clock of the machine that made the token.');
    }
    return {
      subject: sub,
      profile: { name: name ?? '', avatar: picture ?? null, moderator: moderator ?? false, verified: true },
      contacts: contacts?.map((one) => (typeof one === 'string' ? { sub: one } : one)) ?? null,
    };
  }

  /** @throws Refusal `host_token_invalid`, which says what was expected */
  async readRoom(app: ChatApp, token: string): Promise<RoomClaims> {
    const nowMs = this.#core.clock.now();
    const read = roomClaims.safeParse(await this.#verified(app, token, nowMs, ['room']));
    if (!read.success) {
      const [issue] = read.error.issues;
      refuseToken(`"${issue?.path.join('.')}" is not as expected: ${issue?.message}.`);
    }
    const { exp, room, title = '', membersOnly = false } = read.data;
    requireShortLife(exp - Math.floor(nowMs / 1000));
    return { room, title, membersOnly };
  }

  async #verified(
    app: ChatApp,
    token: string,
    nowMs: number,
    requires: readonly string[],
  ): Promise<JWTPayload> {
    if (token.length > charactersMax) {
      refuseToken(`The token has ${token.length} characters; expected ${charactersMax} at most.`);
    }
    const secrets = await this.#secrets.valid(app);
    if (secrets.length === 0) {
      refuseToken('This app has no chat secret to check tokens with; set EARSHOT_APP_CHAT_SECRET.');
    }
    return verifyToken(token, { secrets, audience: app.id, nowMs, requires }).catch((error) => {
      if (error instanceof TokenError) refuseToken(error.message);
      throw error;
    });
  }
}

function requireShortLife(seconds: number): void {
  if (seconds <= lifeSecondsMax + toleranceSeconds) return;
  refuseToken(
    `The token is valid for ${seconds} seconds; expected "exp" to be ${lifeSecondsMax} seconds ahead at most.`,
  );
}

function refuseToken(message: string): never {
  refuse('host_token_invalid', { field: 'token', message });
}
