import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { channelAuth } from '../support/api.ts';
import { eventually, HookReceiver } from '../support/hooks.ts';
import { EarshotProcess } from '../support/process.ts';
import { freePort } from '../support/program.ts';
import { succeeded, temporaryFolder, vectorApp } from '../support/server.ts';
import { WebSocketWire, type Wire } from '../support/wire.ts';

const env = { EARSHOT_WORKERS: '2', EARSHOT_DRAIN_SECONDS: '1' };

/** Workers start one after the other; a busy machine needs more for that than an idle one. */
const start = (settings: Record<string, string>) => EarshotProcess.start(settings, 60_000);

/** Process ids of the workers. */
function workersOf(server: EarshotProcess): number[] {
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

function isAlive(pid: number): boolean {
  try {
    // A zombie is dead, its parent has not looked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ESRCH'
    )
      return false;
    throw error;
  }
}

async function joinPresence(server: EarshotProcess, wire: Wire, channel: string, userId: string) {
  const channelData = JSON.stringify({ user_id: userId });
  const auth = channelAuth(server.app, wire.socketId, channel, channelData);
  return wire.subscribe(channel, auth, channelData);
}

async function usersOf(server: EarshotProcess, channel: string): Promise<string[]> {
  const answer = await server.api.get(`/channels/${channel}/users`);
  return answer
    .json<{ users: { id: string }[] }>()
    .users.map(({ id }) => id)
    .sort();
}

const metricsOf = async (server: EarshotProcess) =>
  (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
const metric = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`^earshot_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );

test('clients of all workers are one cluster, and any worker answers for all', async () => {
  await using server = await start(env);
  expect(workersOf(server).length).toBe(2);
  const wires: Wire[] = [];
  for (let n = 0; n < 20; n++) wires.push(await server.connect());
  for (const [n, wire] of wires.entries()) {
    await wire.subscribe('news');
    await joinPresence(server, wire, 'presence-a', `u${n}`);
  }
  await server.api.publish('news', 'e', 'to all');
  for (const wire of wires) expect((await wire.until('e')).data).toBe('to all');
  expect((await usersOf(server, 'presence-a')).length).toBe(20);
  for (let n = 0; n < 4; n++) {
    const text = await metricsOf(server);
    expect(metric(text, 'connections')).toBe(20);
    expect(metric(text, 'subscriptions')).toBe(40);
    expect(metric(text, 'channels')).toBe(2);
    expect(metric(text, 'workers')).toBe(2);
  }
  for (const path of ['readyz', 'healthz']) {
    expect((await fetch(`http://127.0.0.1:${server.port}/${path}`)).status).toBe(200);
  }
  server.signal('SIGTERM');
  for (const wire of wires) expect((await wire.closed).code).toBe(4200);
  expect(await server.exited).toBe(0);
});

test('as soon as the server says that it is ready, clients are spread over all workers', async () => {
  const port = await freePort();
  const starting = start({ ...env, EARSHOT_PORT: `${port}` });
  const isReady = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    return answer?.status === 200;
  };
  while (!(await isReady())) await Promise.race([starting, Bun.sleep(2)]);
  const path = `/app/${vectorApp.key}?protocol=7`;
  const wires = await Promise.all(Array.from({ length: 60 }, () => WebSocketWire.open({ port, path })));
  await using server = await starting;
  for (const wire of wires) await wire.next('pusher:connection_established');
  process.kill(workersOf(server)[0] ?? 0, 'SIGKILL');
  for (const wire of wires) wire.send({ event: 'pusher:ping' });
  const stayed = await Promise.all(
    wires.map((wire) =>
      Promise.race([
        wire.closed.then(() => false),
        wire.next('pusher:pong').then(
          () => true,
          () => false,
        ),
      ]),
    ),
  );
  const share = stayed.filter(Boolean).length;
  // The kernel draws lots: fewer than ten of sixty happen once in ten million times.
  expect(share).toBeGreaterThanOrEqual(10);
  expect(share).toBeLessThanOrEqual(50);
  for (const wire of wires) wire.destroy();
});

test('limits count for all workers together', async () => {
  await using server = await start({
    ...env,
    EARSHOT_APP_CONNECTIONS: '6',
    EARSHOT_APP_PUBLISHES_PER_SECOND: '10',
    EARSHOT_APP_CHAT_ADDRESS_REQUESTS_PER_MINUTE: '10',
  });
  const path = `/app/${server.app.key}?protocol=7`;
  // All at once, so that each worker has to decide before it has heard of the other's.
  const wires = await Promise.all(
    Array.from({ length: 30 }, () => WebSocketWire.open({ port: server.port, path })),
  );
  await eventually(() => wires.filter(({ isClosed }) => isClosed).length === 24, 'six connections are left');
  for (const wire of wires) if (wire.isClosed) expect((await wire.closed).code).toBe(4004);
  // Each worker has heard of all of them when it has answered.
  expect(metric(await metricsOf(server), 'connections')).toBe(6);
  expect((await (await WebSocketWire.open({ port: server.port, path })).closed).code).toBe(4004);
  const askedAt = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => server.api.post('/events', { name: 'e', channel: 'c', data: '' })),
  );
  const taken = answers.filter(({ status }) => status === 200).length;
  expect(taken).toBeGreaterThanOrEqual(10);
  // What the bucket got back while the forty were on their way, at ten a second; each worker by itself would take ten more.
  const seconds = (performance.now() - askedAt) / 1000;
  expect(taken).toBeLessThanOrEqual(11 + Math.ceil(10 * seconds));

  // A wrong sign-in link, ten times a minute for an address, whichever worker is asked.
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/dashboard/api/v1/session`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Origin: `http://127.0.0.1:${server.port}` },
        body: JSON.stringify({ name: 'nobody', password: 'not the password' }),
      });
      return answer.status;
    }),
  );
  expect(statuses.filter((status) => status === 429).length).toBe(10);
  // And what an address may ask of the chat.
  const asked = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/chat/api/v1/config?key=${server.app.key}`);
      return answer.status;
    }),
  );
  expect(asked.filter((status) => status === 429).length).toBe(2);
});

test('kill -9 of a worker under presence churn: no ghosts, each leave told once, and it is started again', async () => {
  using hooks = new HookReceiver();
  await using server = await start({
    ...env,
    ...hooks.env({ EARSHOT_APP_WEBHOOK_EVENTS: 'member_added,member_removed' }),
    // The survivor may deliver when the lease of the dead one is over.
    EARSHOT_LEASE_SECONDS: '6',
  });
  const channel = 'presence-a';
  const members = new Map<string, Wire>();
  for (let n = 0; n < 24; n++) {
    const wire = await server.connect();
    members.set(`u${n}`, wire);
    await joinPresence(server, wire, channel, `u${n}`);
  }
  let isOver = false;
  const churn = async (name: string) => {
    for (let n = 0; !isOver; n++) {
      try {
        const wire = await server.connect();
        await joinPresence(server, wire, channel, `${name}-${n}`);
        wire.destroy();
      } catch {
        // On its way to the worker that was killed; the next one gets through.
        await Bun.sleep(20);
      }
    }
  };
  const churning = [churn('a'), churn('b')];
  const [first = 0] = workersOf(server);
  process.kill(first, 'SIGKILL');
  await server.logged(/workers: one has died/, 60_000);
  await server.logged(/workers: started again/, 60_000);
  isOver = true;
  await Promise.all(churning);

  const survivors = [...members].filter(([, wire]) => !wire.isClosed);
  const gone = [...members].filter(([, wire]) => wire.isClosed).map(([id]) => id);
  expect(survivors.length).toBeGreaterThan(0);
  expect(gone.length).toBeGreaterThan(0);
  const expected = survivors.map(([id]) => id).sort();
  await eventually(
    async () => JSON.stringify(await usersOf(server, channel)) === JSON.stringify(expected),
    'only those who live are members',
  );
  for (const [, wire] of survivors) {
    wire.send({ event: 'pusher:ping' });
    await wire.until('pusher:pong');
    const removed = wire.messages
      .filter(({ event }) => event === 'pusher_internal:member_removed')
      .map(({ data }) => JSON.parse(String(data)).user_id as string);
    expect(removed.filter((id) => gone.includes(id)).sort()).toEqual([...gone].sort());
    expect(new Set(removed).size).toBe(removed.length);
  }
  // The application believes the same, and was told each thing once; a request that was under way may come again as it was.
  const told = (name: string) =>
    [...new Map(hooks.seen.map((hook) => [hook.body, hook])).values()]
      .flatMap(({ events }) => events.filter((event) => event.name === name))
      .map((e) => String(e.user_id));
  const allTold = () => gone.every((id) => told('member_removed').includes(id));
  const what = () => `the webhooks tell who left, ${gone}; so far ${told('member_removed')}`;
  await eventually(allTold, what()).catch(() => eventually(allTold, what()));
  for (const id of members.keys()) {
    expect(`${id} ${told('member_added').filter((other) => other === id).length}`).toBe(`${id} 1`);
    expect(`${id} ${told('member_removed').filter((other) => other === id).length}`).toBe(
      `${id} ${gone.includes(id) ? 1 : 0}`,
    );
  }
});

test('many who find a cache empty, at whichever worker, are one event for the application', async () => {
  using hooks = new HookReceiver();
  await using server = await start({ ...env, ...hooks.env({ EARSHOT_APP_WEBHOOK_EVENTS: 'cache_miss' }) });
  const wires = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
  await Promise.all(wires.map((wire) => wire.subscribe('cache-a')));
  const [last] = wires;
  await last?.subscribe('cache-b');
  const names = () => hooks.seen.flatMap(({ events }) => events.map(({ channel }) => channel));
  await eventually(() => names().includes('cache-b'), 'the second channel is told');
  expect(names().sort()).toEqual(['cache-a', 'cache-b']);
});

test('a picture of a live room is fetched from every worker, and when the one that had it dies it is gone', async () => {
  await using server = await start({ ...env, EARSHOT_APP_CHAT: 'true' });
  const base = `http://127.0.0.1:${server.port}/chat/api/v1/live/rooms`;
  // A connection each, so that the kernel chooses a worker for each.
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(base + path, { ...init, headers: { ...init.headers, Connection: 'close' } });
  const json = { 'Content-Type': 'application/json' };
  const made = await ask('', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ app: server.app.key }),
  });
  const { room } = (await made.json()) as { room: string };
  const entered = await ask(`/${room}/enter`, { method: 'POST', headers: json, body: '{}' });
  const { token } = (await entered.json()) as { token: string };
  const mine = { Authorization: `Bearer ${token}` };
  const bytes = { ...mine, 'Content-Type': 'application/octet-stream' };
  const put = () => ask(`/${room}/pictures`, { method: 'POST', headers: bytes, body: 'sealed' });
  const get = (id: string) => ask(`/${room}/pictures/${id}`, { headers: mine });
  const putOne = async () => {
    const answer = await put();
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { id: string }).id;
  };
  const everywhere = async (id: string, status: number) => {
    for (const answer of await Promise.all(Array.from({ length: 12 }, () => get(id)))) {
      expect(answer.status).toBe(status);
    }
  };
  const ids: string[] = [];
  for (let n = 0; n < 6; n++) ids.push(await putOne());
  for (const id of ids) await everywhere(id, 200);

  // One of the two had them.
  for (const pid of workersOf(server)) {
    const before = server.output.split('workers: started again').length;
    process.kill(pid, 'SIGKILL');
    const statuses: number[] = [];
    while (server.output.split('workers: started again').length === before) {
      // The connection may have been that worker's.
      const asked = await Promise.allSettled([get(ids[0] ?? ''), put()]);
      for (const one of asked) if (one.status === 'fulfilled') statuses.push(one.value.status);
      await Bun.sleep(100);
    }
    expect(statuses.filter((status) => ![200, 201, 404, 429].includes(status))).toEqual([]);
  }
  for (const id of ids) await everywhere(id, 404);
});

test('no counter falls when a worker dies, or is replaced', async () => {
  await using server = await start({ ...env, EARSHOT_DRAIN_SECONDS: '0' });
  const wires = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
  const counters = async () => {
    const text = await metricsOf(server);
    const names = [...text.matchAll(/^# TYPE earshot_(\w+) counter$/gm)].map(([, name = '']) => name);
    return new Map(names.map((name) => [name, metric(text, name)]));
  };
  const before = await counters();
  expect(before.get('connections_opened_total')).toBe(20);
  process.kill(workersOf(server)[0] ?? 0, 'SIGKILL');
  await server.logged(/workers: started again/, 60_000);
  const between = await counters();
  for (const wire of wires) wire.destroy();
  await server.connect();
  server.signal('SIGHUP');
  await server.logged(/workers: replaced/, 60_000);
  const after = await counters();
  for (const [name, value] of before) expect(between.get(name)).toBeGreaterThanOrEqual(value);
  for (const [name, value] of between) expect(after.get(name)).toBeGreaterThanOrEqual(value);
  // Also what was counted after the last look at a worker that ended well.
  expect(after.get('connections_opened_total')).toBe(21);
});

test('SIGHUP replaces the workers one after the other, under load: requests are answered, clients come back', async () => {
  await using server = await start(env);
  const before = workersOf(server);
  let isOver = false;
  let received = 0;
  /** Seconds without service, the longest of all clients. */
  let longestGapMs = 0;
  const subscriber = async () => {
    while (!isOver) {
      const lostAt = performance.now();
      let wire: Wire;
      try {
        wire = await server.connect();
        await wire.subscribe('news');
      } catch {
        await Bun.sleep(20);
        continue;
      }
      longestGapMs = Math.max(longestGapMs, performance.now() - lostAt);
      while (!isOver && !wire.isClosed) {
        await Promise.race([wire.closed, Bun.sleep(50)]);
        received = Math.max(received, wire.messages.length);
      }
      if (!isOver) expect((await wire.closed).code).toBe(4200);
      wire.destroy();
    }
  };
  let published = 0;
  let repeated = 0;
  const publisher = async () => {
    while (!isOver) {
      const ask = () => server.api.publish('news', 'e', `${published}`);
      // A listener that ends may drop a connection that it has not taken yet; whoever asks again is served.
      await ask().catch(() => {
        repeated++;
        return ask();
      });
      published++;
    }
  };
  const load = [...Array.from({ length: 8 }, subscriber), publisher()];
  await eventually(() => published > 20, 'events are published');
  server.signal('SIGHUP');
  await server.logged(/workers: replaced/, 60_000);
  isOver = true;
  await Promise.all(load);
  const after = workersOf(server);
  expect(after.length).toBe(2);
  expect(after.some((pid) => before.includes(pid))).toBe(false);
  expect(repeated).toBeLessThanOrEqual(Math.max(2, published * 0.01));
  expect(longestGapMs).toBeLessThan(10_000);
  const wire = await server.connect();
  await wire.subscribe('news');
  await server.api.publish('news', 'last', 'x');
  expect((await wire.until('last')).data).toBe('x');
});

test('kill -9 of the supervisor: the next start has port, folder and rows at once, and nothing accepted is lost', async () => {
  await using folder = await temporaryFolder();
  using hooks = new HookReceiver();
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const settings = {
    ...env,
    ...hooks.env({ EARSHOT_APP_WEBHOOK_EVENTS: 'client_event' }),
    EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '0',
    EARSHOT_DATA_DIR: folder.path,
    EARSHOT_PORT: `${probe.port}`,
    // Those that are left have clients for longer than the next start takes.
    EARSHOT_DRAIN_SECONDS: '30',
    EARSHOT_LEASE_SECONDS: '6',
  };
  probe.stop(true);
  const first = await start(settings);
  const orphans = workersOf(first);
  const wires = await Promise.all(Array.from({ length: 8 }, () => first.connect()));
  for (const wire of wires) {
    await wire.subscribe('private-a', channelAuth(first.app, wire.socketId, 'private-a'));
  }
  const [sender, ...others] = wires;
  const receivedBy = (wire: Wire) => wire.messages.filter(({ event }) => event === 'client-x');
  for (let n = 0; others.every((wire) => receivedBy(wire).length < 50); n++) {
    sender?.send({ event: 'client-x', channel: 'private-a', data: n });
    if (n % 10 === 0) await Bun.sleep(1);
  }
  for (let n = 0; n < 20; n++) sender?.send({ event: 'client-x', channel: 'private-a', data: 10_000 + n });
  first.signal('SIGKILL');
  await first.exited;
  await using second = await start(settings);
  // What anybody received was accepted before, and is told to the application.
  const accepted = new Set(others.flatMap((wire) => receivedBy(wire).map(({ data }) => String(data))));
  const told = () => new Set(hooks.seen.flatMap(({ events }) => events.map(({ data }) => String(data))));
  const all = () => [...accepted].every((data) => told().has(data));
  await eventually(all, 'all is told').catch(() => eventually(all, 'all is told'));

  const fresh = await second.connect();
  succeeded(await fresh.subscribe('news'));
  await eventually(() => !orphans.some(isAlive), 'the workers of the first have ended').catch(() =>
    eventually(() => !orphans.some(isAlive), 'the workers of the first have ended'),
  );
  // Their end took nothing from the next ones: what comes to one worker is still answered by the other that has it.
  const stream = await fetch(`http://127.0.0.1:${second.port}/app/${second.app.key}/events?channel=news`);
  const [, id = '', token = ''] =
    /"socket_id":"([\d.]+)","token":"([^"]+)"/.exec(
      new TextDecoder().decode((await stream.body?.getReader().read())?.value),
    ) ?? [];
  for (let n = 0; n < 12; n++) {
    const answer = await fetch(`http://127.0.0.1:${second.port}/app/${second.app.key}/events/${id}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, Connection: 'close' },
      body: JSON.stringify({ event: 'pusher:ping', data: {} }),
    });
    expect(answer.status).toBeLessThan(300);
  }
  await first[Symbol.asyncDispose]();
});

test('workers do not outlive a supervisor that is killed', async () => {
  await using server = await start(env);
  const workers = workersOf(server);
  const wire = await server.connect();
  // Its worker has heard by then that the supervisor knows it.
  succeeded(await wire.subscribe('a'));
  server.signal('SIGKILL');
  expect((await wire.closed).code).toBe(4200);
  await eventually(() => !workers.some(isAlive), 'the workers have ended');
});

test('a second signal ends everything at once', async () => {
  await using server = await start({ ...env, EARSHOT_DRAIN_SECONDS: '600' });
  const workers = workersOf(server);
  const stream = fetch(`http://127.0.0.1:${server.port}/app/${server.app.key}/events?channel=a`).catch(
    () => null,
  );
  await stream;
  server.signal('SIGTERM');
  await server.logged(/draining/);
  server.signal('SIGTERM');
  expect(await server.exited).toBe(1);
  await eventually(() => !workers.some(isAlive), 'the workers have ended');
});

test('what keeps a worker from starting is said, and ends the supervisor', async () => {
  const starting = start({
    ...env,
    EARSHOT_TLS_CERT: '/nowhere/cert.pem',
    EARSHOT_TLS_KEY: '/nowhere/key.pem',
  });
  await expect(starting).rejects.toThrow('EARSHOT_TLS_CERT: the file /nowhere/cert.pem cannot be read');
});
