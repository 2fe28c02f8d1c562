import { expect, test } from 'bun:test';
import { eventually } from '../../../../tests/support/hooks.ts';
import { newCluster, startServer, type TestServer } from '../../../../tests/support/server.ts';

const env = { EARSHOT_APP_CLIENT_EVENTS: 'true' };

function appOf(server: TestServer) {
  const app = server.node.apps.byId(server.app.id);
  if (app === undefined) throw new Error('the app is missing');
  return app;
}

/** The sum of an app's counts in the last hour, and the peaks. */
async function lastHour(server: TestServer) {
  const { points, peaks } = await server.node.statistics.range(appOf(server), 'hour');
  const sum = { published: 0, clientEvents: 0, delivered: 0, apiRequests: 0, apiErrors: 0 };
  for (const { figures } of points) {
    if (figures === null) continue;
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += figures[name];
  }
  return { ...sum, connections: peaks.connections?.value };
}

test('what clients and publishers do on two nodes is counted once where it is accepted, and where it is delivered', async () => {
  const cluster = newCluster();
  await using a = await startServer({ cluster, env });
  await using b = await startServer({ cluster, env });
  const wires = [await a.connect(), await a.connect(), await b.connect()];
  for (const [index, wire] of wires.entries()) await (index < 2 ? a : b).join(wire, 'private-x');
  const [one, two, three] = wires;
  if (one === undefined || two === undefined || three === undefined) throw new Error('a client is missing');
  await a.api.publish('private-x', 'e', '1');
  await a.api.publish('private-x', 'e', '2', { socket_id: one.socketId });
  one.send({ event: 'client-e', channel: 'private-x', data: '3' });
  expect((await a.api.get('/nonsense')).status).toBe(404);
  await eventually(async () => (await lastHour(a)).delivered === 7, 'three, two and two deliveries');
  const expected = {
    published: 2,
    clientEvents: 1,
    delivered: 7,
    apiRequests: 3,
    apiErrors: 1,
    connections: 3,
  };
  expect(await lastHour(a)).toEqual(expected);
  expect(await lastHour(b)).toEqual(expected);
  const now = await b.node.statistics.now();
  expect(now.get(b.app.id)).toMatchObject({ connections: 3, messagesPerMinute: 10 });
});
