import { expect, test } from 'bun:test';
import { vectorApp } from '../support/server.ts';
import { client, disconnect } from './support/clients.ts';

test('who leaves in the moment in which the server closes stays away', async () => {
  let connections = 0;
  const ended = Promise.withResolvers<void>();
  using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(null, { status: 404 })),
    websocket: {
      open(socket) {
        connections++;
        const data = JSON.stringify({ socket_id: `1.${connections}`, activity_timeout: 120 });
        socket.send(JSON.stringify({ event: 'pusher:connection_established', data }));
        if (connections === 1) socket.close(4200, 'The server restarts');
      },
      message() {},
    },
  });
  const one = client({ port: server.port ?? 0, app: vectorApp }, 'one');
  // It has set two timers by then, of which it knows one.
  one.connection.bind('error', () =>
    queueMicrotask(() => {
      disconnect(one);
      ended.resolve();
    }),
  );
  await ended.promise;
  // Longer than it waits before it connects again: at once, and after a second.
  await Bun.sleep(1_500);
  expect(one.connection.state).toBe('disconnected');
  expect(connections).toBe(1);
});
