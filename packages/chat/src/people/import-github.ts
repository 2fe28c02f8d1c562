import type { Clock } from '@earshot/base';
import { z } from '@hono/zod-openapi';
import type { Outbound } from '../outbound/outbound.ts';
import { askProvider } from './import-http.ts';
import type { Importer } from './importer.ts';

const me = z.object({ following: z.number().int().nonnegative() });
const people = z.array(z.object({ id: z.number().int().positive() })).max(100);

/** Whom somebody follows on GitHub. Needs no scope beyond signing in: the list is public. */
export function githubImporter(outbound: Outbound, clock: Clock, api = 'https://api.github.com'): Importer {
  const ask = <Body>(path: string, token: string, shape: z.ZodType<Body>) =>
    askProvider(
      outbound,
      clock,
      new URL(path, api),
      {
        Accept: 'application/vnd.github+json',
        Authorization: `Bearer ${token}`,
        'User-Agent': 'Earshot',
        'X-GitHub-Api-Version': '2022-11-28',
      },
      shape,
    );
  return {
    provider: 'github',
    async page({ issuer, token }, cursor) {
      const total = cursor === null ? (await ask('/user', token, me)).body.following : null;
      const number = Number(cursor ?? 1);
      const { body, next, waitMs } = await ask(`/user/following?per_page=100&page=${number}`, token, people);
      return {
        contacts: body.map(({ id }) => ({ issuer, subject: `${id}` })),
        total,
        next: next === null ? null : `${number + 1}`,
        waitMs,
      };
    },
  };
}
