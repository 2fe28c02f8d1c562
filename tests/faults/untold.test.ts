import { expect, test } from 'bun:test';
import { eventually, HookReceiver } from '../support/hooks.ts';
import { EarshotProcess } from '../support/process.ts';
import { redisPath, startRedis } from '../support/redis.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { Crowd, room } from './support/clients.ts';

const leaseSeconds = 3;

test.skipIf(redisPath === undefined)(
  'who comes to a node that the others have given up, and leaves before it is back, is told to the application as gone',
  async () => {
    await using redis = await startRedis('--user', 'apart', 'on', 'nopass', '~*', '&*', '+@all');
    await using relay = await TcpProxy.to(redis.program.port);
    using hooks = new HookReceiver();
    const start = (env: Record<string, string>) =>
      EarshotProcess.start(
        { EARSHOT_LEASE_SECONDS: String(leaseSeconds), EARSHOT_LOG_LEVEL: 'info', ...env },
        60_000,
      );
    // All nodes are given the same address, so both use the relay; it knows one of them by the name with which it signs in.
    relay.partyOf = (first) => (first.includes('apart') ? 'apart' : '');
    await using _other = await start({ EARSHOT_REDIS_URL: `redis://127.0.0.1:${relay.port}` });
    await using node = await start(
      hooks.env({
        EARSHOT_REDIS_URL: `redis://apart:apart@127.0.0.1:${relay.port}`,
        EARSHOT_APP_WEBHOOK_EVENTS: 'member_added,member_removed',
      }),
    );
    const story = () =>
      hooks.seen.flatMap(({ events }) =>
        events
          .filter(({ channel, user_id: id }) => channel === room && id === 'guest')
          .map(({ name }) => name),
      );
    const people = new Crowd(node, 'people', 1);
    await people.enter('stays');
    relay.change('apart', { up: { isHeld: true } });
    await Bun.sleep(4 * leaseSeconds * 1_000);
    await people.enter('guest');
    await eventually(() => story().length === 1, 'the guest to be told');
    people.leave('guest');
    await Bun.sleep(500);
    relay.change('apart', { up: { isHeld: false } });
    relay.cut('apart');
    await node.logged(/given up by the others/);
    await eventually(() => story().length === 2, 'the guest to be told gone');
    expect(story()).toEqual(['member_added', 'member_removed']);
    people.abandon();
  },
);
