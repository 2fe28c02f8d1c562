import { afterEach, describe, expect, test } from 'bun:test';
import { type ManualClock, systemClock } from '@earshot/base';
import { onEachDatabase } from '../../../../tests/support/databases.ts';
import { type Id, inboxOf } from '../contract/index.ts';
import { createOutbound } from '../outbound/outbound.ts';
import { githubImporter } from './import-github.ts';
import { mastodonImporter } from './import-mastodon.ts';
import { type Importer, ImportFailure } from './importer.ts';
import { openCrowd, type TestCrowd } from './testing.ts';

/** A provider on loopback, which answers in the documented shapes. */
interface Provider {
  readonly url: string;
  readonly asked: { readonly path: string; readonly headers: Headers }[];
  /** What the next request is answered with, in place of the usual. */
  readonly instead: Response[];
}

const servers: { stop(force: boolean): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

function serve(answer: (url: URL, origin: string) => Response): Provider {
  const asked: Provider['asked'] = [];
  const instead: Response[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const url = new URL(request.url);
      asked.push({ path: `${url.pathname}${url.search}`, headers: request.headers });
      return instead.shift() ?? answer(url, url.origin);
    },
  });
  servers.push(server);
  return { url: server.url.origin, asked, instead };
}

/** As docs.github.com describes `GET /user` and `GET /user/following`. @param ids of those who are followed */
function github(ids: readonly number[]): Provider {
  return serve((url, origin) => {
    const headers = { 'X-RateLimit-Remaining': '4999', 'X-RateLimit-Reset': '1700003600' };
    if (url.pathname === '/user') {
      return Response.json({ login: 'anna', id: 1, following: ids.length, followers: 3 }, { headers });
    }
    const size = Number(url.searchParams.get('per_page'));
    const page = Number(url.searchParams.get('page'));
    const some = ids.slice((page - 1) * size, page * size);
    const next =
      page * size < ids.length
        ? `<${origin}/user/following?per_page=${size}&page=${page + 1}>; rel="next"`
        : '';
    const last = `<${origin}/user/following?page=99>; rel="last"`;
    return Response.json(
      some.map((id) => ({ login: `user${id}`, id, node_id: 'MDQ6', type: 'User', site_admin: false })),
      { headers: { ...headers, Link: next === '' ? last : `${next}, ${last}` } },
    );
  });
}

/** As docs.joinmastodon.org describes `verify_credentials` and `following`. */
function mastodon(accts: readonly string[], more: { next?: string } = {}): Provider {
  return serve((url, origin) => {
    const headers = { 'X-RateLimit-Remaining': '299', 'X-RateLimit-Reset': '2030-01-01T00:00:00.000000Z' };
    if (url.pathname === '/api/v1/accounts/verify_credentials') {
      return Response.json(
        { id: '1', username: 'Anna', acct: 'Anna', following_count: accts.length },
        { headers },
      );
    }
    const after = Number(url.searchParams.get('max_id') ?? 0);
    const some = accts.slice(after, after + 80);
    const next =
      after + 80 < accts.length
        ? (more.next ?? `${origin}${url.pathname}?limit=80&max_id=${after + 80}`)
        : '';
    const previous = `<${origin}${url.pathname}?limit=80&since_id=${after}>; rel="prev"`;
    return Response.json(
      some.map((acct, index) => ({ id: `${100 + after + index}`, username: acct.split('@')[0], acct })),
      { headers: { ...headers, Link: next === '' ? previous : `<${next}>; rel="next", ${previous}` } },
    );
  });
}

const outbound = createOutbound({ clock: systemClock, allowPrivate: true });
const wall = { now: () => 1_700_000_000_000 } as ManualClock;
const access = (issuer: string) => ({ issuer, subject: '1', token: 'the-token' });

describe('an importer', () => {
  test('of GitHub goes through all pages, with the token in a header alone', async () => {
    const ids = Array.from({ length: 150 }, (_, index) => index + 10);
    const provider = github(ids);
    const importer = githubImporter(outbound, wall, provider.url);
    const first = await importer.page(access('https://github.com'), null);
    expect(first).toMatchObject({ total: 150, next: '2', waitMs: 0 });
    expect(first.contacts[0]).toEqual({ issuer: 'https://github.com', subject: '10' });
    const second = await importer.page(access('https://github.com'), first.next);
    expect(second).toMatchObject({ total: null, next: null });
    expect([...first.contacts, ...second.contacts].map(({ subject }) => Number(subject))).toEqual(ids);
    for (const { path, headers } of provider.asked) {
      expect(path).not.toContain('token');
      expect(headers.get('Authorization')).toBe('Bearer the-token');
      expect(headers.get('X-GitHub-Api-Version')).toBe('2022-11-28');
      expect(headers.get('User-Agent')).toBe('Earshot');
    }
  });

  test('of Mastodon names people of other servers by their address, whatever the case', async () => {
    const provider = mastodon([
      'ben',
      'Carla@Other.example',
      ...Array.from({ length: 80 }, (_, i) => `more${i}`),
    ]);
    const importer = mastodonImporter(outbound, wall);
    const first = await importer.page(access(provider.url), null);
    expect(first.contacts.slice(0, 2)).toEqual([
      { issuer: provider.url, subject: '100' },
      { issuer: 'acct', subject: 'carla@other.example' },
    ]);
    expect(first.total).toBe(82);
    expect(first.next).toBe('/api/v1/accounts/1/following?limit=80&max_id=80');
    const second = await importer.page(access(provider.url), first.next);
    expect(second.contacts).toHaveLength(2);
    expect(second.next).toBeNull();
    expect(await importer.alias?.(access(provider.url))).toEqual({
      issuer: 'acct',
      subject: `anna@${new URL(provider.url).host}`,
    });
  });

  test('takes the token to no other server, whatever the next page is said to be', async () => {
    const other = mastodon([]);
    const provider = mastodon(
      Array.from({ length: 100 }, (_, i) => `u${i}`),
      { next: `${other.url}/steal` },
    );
    const importer = mastodonImporter(outbound, wall);
    expect((await importer.page(access(provider.url), null)).next).toBeNull();
    await expect(importer.page(access(provider.url), `${other.url}/steal`)).rejects.toThrow(ImportFailure);
    await expect(importer.page(access(provider.url), `//${new URL(other.url).host}/steal`)).rejects.toThrow();
    expect(other.asked).toEqual([]);
  });

  test('rests when it is told to: by what is left, by Retry-After, by a date', async () => {
    const provider = github([1]);
    const importer = githubImporter(outbound, wall, provider.url);
    const cases: [Response, number][] = [
      [new Response('{}', { status: 429, headers: { 'Retry-After': '7' } }), 7_000],
      [
        new Response('{}', {
          status: 403,
          headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '1700000120' },
        }),
        120_000,
      ],
      [
        new Response('{}', {
          status: 429,
          headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '2023-11-14T22:14:20.000Z' },
        }),
        60_000,
      ],
      [new Response('{}', { status: 429 }), 60_000],
    ];
    for (const [response, waitMs] of cases) {
      provider.instead.push(response);
      const failure = await importer.page(access('x'), null).catch((error) => error);
      expect(failure).toMatchObject({ code: 'rate_limited', waitMs });
    }
    provider.instead.push(
      Response.json({ following: 1 }),
      Response.json([{ id: 5 }], {
        headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '1700000030' },
      }),
    );
    expect((await importer.page(access('x'), null)).waitMs).toBe(30_000);
  });

  test('says why there is nothing, without the token', async () => {
    const provider = github([1]);
    const importer = githubImporter(outbound, wall, provider.url);
    const cases: [Response, string][] = [
      [new Response('{}', { status: 401 }), 'access_denied'],
      [new Response('{}', { status: 403 }), 'access_denied'],
      [new Response('{}', { status: 502 }), 'unavailable'],
      [new Response('<html>', { status: 200 }), 'unavailable'],
      [Response.json({ following: 'many' }), 'unavailable'],
    ];
    for (const [response, code] of cases) {
      provider.instead.push(response);
      const failure = await importer.page(access('x'), null).catch((error) => error);
      expect(failure).toMatchObject({ code });
      expect(String(failure)).not.toContain('the-token');
    }
  });
});

/** A provider whose pages a test gives. */
class PagedImporter implements Importer {
  readonly provider = 'github';
  readonly asked: (string | null)[] = [];
  pages: (readonly string[])[] = [];
  failing: (() => ImportFailure) | null = null;

  async page(_access: unknown, cursor: string | null) {
    this.asked.push(cursor);
    if (this.failing !== null) throw this.failing();
    const index = Number(cursor ?? 0);
    const contacts = (this.pages[index] ?? []).map((subject) => ({ issuer: 'https://github.com', subject }));
    const next = index + 1 < this.pages.length ? `${index + 1}` : null;
    const total = this.pages.flat().length;
    return { contacts, total: cursor === null ? total : null, next, waitMs: 0 };
  }
}

async function namesOf(crowd: TestCrowd, id: Id): Promise<string[]> {
  return (await crowd.contacts.of(crowd.appId, id)).map(({ person }) => person.name).sort();
}

function signedIn(crowd: TestCrowd, name: string, subject: string, issuer = 'https://github.com'): Id {
  const id = crowd.add(name);
  crowd.identities.note(id, { issuer, subject });
  return id;
}

async function start(url: string) {
  const importer = new PagedImporter();
  const crowd = await openCrowd({ url, importers: [importer] });
  const anna = signedIn(crowd, 'Anna', '1');
  crowd.identities.give(anna, 'github', access('https://github.com'));
  await crowd.come(anna);
  return { crowd, importer, anna };
}

describe('an import', () => {
  onEachDatabase((fresh) => {
    test('adds those who have signed in, page by page, and tells how far it is', async () => {
      const { crowd, importer, anna } = await start(await fresh());
      await using _ = crowd;
      signedIn(crowd, 'Ben', '2');
      signedIn(crowd, 'Carla', '5');
      importer.pages = [['2', '3'], ['4', '5', '1'], ['6']];
      const job = await crowd.imports.begin(crowd.as(anna), 'github');
      expect(job).toMatchObject({ provider: 'github', state: 'waiting', found: 0, done: 0 });
      await crowd.settle();
      expect(await namesOf(crowd, anna)).toEqual(['Ben', 'Carla']);
      const told = crowd.host.eventsOn(inboxOf(anna), 'import_progress').map((one) => one.job);
      expect(told.map(({ state, found, done, added }) => [state, found, done, added])).toEqual([
        ['waiting', 0, 0, 0],
        ['running', 6, 2, 1],
        ['running', 6, 5, 2],
        ['done', 6, 6, 2],
      ]);
      expect(await crowd.imports.of(crowd.appId, anna)).toEqual([told.at(-1) as (typeof told)[0]]);
    });

    test('keeps nobody’s name or number who has not been here, and finds them when they sign in', async () => {
      const { crowd, importer, anna } = await start(await fresh());
      await using _ = crowd;
      importer.pages = [['4711']];
      await crowd.imports.begin(crowd.as(anna), 'github');
      await crowd.settle();
      const rows = await crowd.chat.core.db.selectFrom('chat_pending_contacts').selectAll().execute();
      expect(rows).toHaveLength(1);
      expect(JSON.stringify(rows)).not.toContain('4711');
      const ben = signedIn(crowd, 'Ben', '4711');
      await crowd.signedIn(crowd.appId, ben, { issuer: 'https://github.com', subject: '4711' });
      expect(await namesOf(crowd, anna)).toEqual(['Ben']);
      expect(crowd.host.eventsOn(inboxOf(anna), 'contact_changed')).toMatchObject([
        { contact: { person: { id: ben }, source: 'provider', online: false } },
      ]);
      expect(await namesOf(crowd, ben)).toEqual([]);
      expect(await crowd.chat.core.db.selectFrom('chat_pending_contacts').selectAll().execute()).toEqual([]);
    });

    test('goes on after a crash where it was, and does nothing twice', async () => {
      const url = await fresh();
      const { crowd: before, importer, anna } = await start(url);
      signedIn(before, 'Ben', '2');
      signedIn(before, 'Carla', '3');
      importer.pages = [['2'], ['3']];
      importer.failing = null;
      const page = importer.page.bind(importer);
      importer.page = async (given, cursor) => {
        if (cursor === '1') throw new Error('the process ends here');
        return page(given, cursor);
      };
      await before.imports.begin(before.as(anna), 'github');
      await before.settle();
      expect(await namesOf(before, anna)).toEqual(['Ben']);
      await before[Symbol.asyncDispose]();
      const next = new PagedImporter();
      next.pages = importer.pages;
      await using crowd = await openCrowd({ url, beside: before, importers: [next] });
      await crowd.pass(120_000);
      expect(await namesOf(crowd, anna)).toEqual(['Ben', 'Carla']);
      expect(next.asked).toEqual(['1']);
      expect((await crowd.imports.of(crowd.appId, anna))[0]).toMatchObject({
        state: 'done',
        done: 2,
        added: 2,
      });
    });

    test('waits as long as the provider wants, then goes on', async () => {
      const { crowd, importer, anna } = await start(await fresh());
      await using _ = crowd;
      importer.pages = [['2']];
      importer.failing = () => new ImportFailure('rate_limited', 'later', 90_000);
      await crowd.imports.begin(crowd.as(anna), 'github');
      await crowd.settle();
      expect((await crowd.imports.of(crowd.appId, anna))[0]).toMatchObject({
        state: 'running',
        error: 'rate_limited',
      });
      importer.failing = null;
      await crowd.pass(89_999);
      expect(importer.asked).toHaveLength(1);
      await crowd.pass(1);
      expect((await crowd.imports.of(crowd.appId, anna))[0]).toMatchObject({ state: 'done', error: null });
    });

    test('fails when the token is no good, and after eight tries of a provider that is away', async () => {
      const { crowd, importer, anna } = await start(await fresh());
      await using _ = crowd;
      importer.failing = () => new ImportFailure('access_denied', 'no');
      await crowd.imports.begin(crowd.as(anna), 'github');
      await crowd.settle();
      expect((await crowd.imports.of(crowd.appId, anna))[0]).toMatchObject({
        state: 'failed',
        error: 'access_denied',
      });
      importer.failing = () => new ImportFailure('unavailable', 'away');
      importer.asked.length = 0;
      await crowd.imports.begin(crowd.as(anna), 'github');
      for (let tries = 0; tries < 12; tries++) await crowd.pass(130_000);
      expect(importer.asked).toHaveLength(8);
      expect(await crowd.imports.of(crowd.appId, anna)).toMatchObject([
        { state: 'failed', error: 'unavailable' },
      ]);
    });

    test('is begun by asking for it alone, once at a time, and with a token', async () => {
      const { crowd, importer, anna } = await start(await fresh());
      await using _ = crowd;
      const begin = (who: Id, provider: string) => crowd.imports.begin(crowd.as(who), provider);
      await crowd.signedIn(crowd.appId, anna, { issuer: 'https://github.com', subject: '1' });
      await crowd.pass(600_000);
      expect(importer.asked).toEqual([]);
      const [one, two] = [await begin(anna, 'github'), await begin(anna, 'github')];
      expect(two.id).toBe(one.id);
      await expect(begin(anna, 'myspace')).rejects.toMatchObject({ code: 'bad_request' });
      await expect(begin(crowd.add('Ben'), 'github')).rejects.toMatchObject({ code: 'conflict' });
    });

    test('what the owner took off the list stays off', async () => {
      const { crowd, importer, anna } = await start(await fresh());
      await using _ = crowd;
      const ben = signedIn(crowd, 'Ben', '2');
      importer.pages = [['2']];
      for (let times = 0; times < 2; times++) {
        await crowd.imports.begin(crowd.as(anna), 'github');
        await crowd.settle();
        await crowd.contacts.remove(crowd.as(anna), ben);
      }
      expect(await namesOf(crowd, anna)).toEqual([]);
    });

    test('people of another Mastodon server are found by their address, before and after they sign in', async () => {
      const home = mastodon(['ben@other.example', 'carla@other.example']);
      const url = await fresh();
      const real = mastodonImporter(outbound, systemClock);
      const importer: Importer = {
        ...real,
        alias: async ({ subject }) => ({ issuer: 'acct', subject: `${subject}@other.example` }),
      };
      await using crowd = await openCrowd({ url, importers: [importer] });
      const other = 'https://other.example';
      const arrive = async (name: string) => {
        const id = signedIn(crowd, name, name.toLowerCase(), other);
        crowd.identities.give(id, 'mastodon', { issuer: other, subject: name.toLowerCase(), token: 't' });
        await crowd.signedIn(crowd.appId, id, { issuer: other, subject: name.toLowerCase() });
        await crowd.settle();
      };
      await arrive('Ben');
      const anna = signedIn(crowd, 'Anna', '1', home.url);
      crowd.identities.give(anna, 'mastodon', access(home.url));
      await crowd.imports.begin(crowd.as(anna), 'mastodon');
      await crowd.settle();
      expect(await namesOf(crowd, anna)).toEqual(['Ben']);
      await arrive('Carla');
      expect(await namesOf(crowd, anna)).toEqual(['Ben', 'Carla']);
    });
  });
});

describe('contacts that the host names', () => {
  onEachDatabase((fresh) => {
    test('are found, too, when they sign in while they are being looked for', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const anna = signedIn(crowd, 'Anna', 'a', 'host');
      const { identities } = crowd;
      const lookUp = identities.usersOf.bind(identities);
      identities.usersOf = async (...asked) => {
        const known = await lookUp(...asked);
        identities.usersOf = lookUp;
        // Nobody waits for Ben yet, so his sign-in finds nobody to tell.
        const ben = signedIn(crowd, 'Ben', 'b', 'host');
        await crowd.signedIn(crowd.appId, ben, { issuer: 'host', subject: 'b' });
        return known;
      };
      await crowd.hostContacts(crowd.appId, anna, [{ sub: 'b' }]);
      expect(await namesOf(crowd, anna)).toEqual(['Ben']);
    });

    test('are found when they sign in, and are gone when the host names them no more', async () => {
      await using crowd = await openCrowd({ url: await fresh() });
      const anna = signedIn(crowd, 'Anna', 'a', 'host');
      const ben = signedIn(crowd, 'Ben', 'b', 'host');
      await crowd.come(anna);
      await crowd.come(ben);
      await crowd.hostContacts(crowd.appId, anna, [{ sub: 'b' }, { sub: 'c' }, { sub: 'd' }]);
      expect(await namesOf(crowd, anna)).toEqual(['Ben']);
      const carla = signedIn(crowd, 'Carla', 'c', 'host');
      await crowd.signedIn(crowd.appId, carla, { issuer: 'host', subject: 'c' });
      expect(await namesOf(crowd, anna)).toEqual(['Ben', 'Carla']);
      await crowd.hostContacts(crowd.appId, anna, [{ sub: 'c' }]);
      expect(await namesOf(crowd, anna)).toEqual(['Carla']);
      expect(await crowd.chat.core.db.selectFrom('chat_pending_contacts').selectAll().execute()).toEqual([]);
      const dora = signedIn(crowd, 'Dora', 'd', 'host');
      await crowd.signedIn(crowd.appId, dora, { issuer: 'host', subject: 'd' });
      expect(await namesOf(crowd, anna)).toEqual(['Carla']);
    });
  });
});
