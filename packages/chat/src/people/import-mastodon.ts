import type { Clock } from '@earshot/base';
import { z } from '@hono/zod-openapi';
import type { Outbound } from '../outbound/outbound.ts';
import { askProvider } from './import-http.ts';
import { type FoundContact, type Importer, ImportFailure } from './importer.ts';
import type { ProviderToken } from './parts.ts';

const name = z.string().min(1).max(300);
const me = z.object({ id: name, username: name, following_count: z.number().int().nonnegative().nullish() });
const people = z.array(z.object({ id: name, acct: name })).max(100);
const perPage = 80;

/**
 * Whom somebody follows on Mastodon, on whichever servers they are; needs the scope `read:accounts`. A server numbers
 * accounts in its own way, so people of other servers are named by their address, `user@server`.
 */
export function mastodonImporter(outbound: Outbound, clock: Clock): Importer {
  const ask = <Body>(url: URL, token: string, shape: z.ZodType<Body>) =>
    askProvider(
      outbound,
      clock,
      url,
      { Accept: 'application/json', Authorization: `Bearer ${token}` },
      shape,
    );
  const meOf = ({ issuer, token }: ProviderToken) =>
    ask(new URL('/api/v1/accounts/verify_credentials', issuer), token, me);
  return {
    provider: 'mastodon',

    async page(access, cursor) {
      const { issuer, token } = access;
      const begun = cursor === null ? (await meOf(access)).body : null;
      const following = begun === null ? null : `/api/v1/accounts/${encodeURIComponent(begun.id)}/following`;
      const url = new URL(following === null ? (cursor ?? '') : `${following}?limit=${perPage}`, issuer);
      if (url.origin !== new URL(issuer).origin) {
        throw new ImportFailure('unavailable', 'The place to go on from is on another server');
      }
      const { body, next, waitMs } = await ask(url, token, people);
      return {
        contacts: body.map(({ id, acct }) =>
          acct.includes('@') ? addressOf(acct) : { issuer, subject: id },
        ),
        total: begun?.following_count ?? null,
        next: next === null ? null : `${next.pathname}${next.search}`,
        waitMs,
      };
    },

    async alias(access) {
      const { username } = (await meOf(access)).body;
      return addressOf(`${username}@${new URL(access.issuer).host}`);
    },
  };
}

function addressOf(address: string): FoundContact {
  return { issuer: 'acct', subject: address.toLowerCase() };
}
