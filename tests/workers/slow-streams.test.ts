import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/hooks.ts';
import { EarshotProcess } from '../support/process.ts';

const streams = 12;
const eventBytes = 100_000;
/** More than what the kernel and a bound of 1 MB hold for a client, by far. */
const events = 400;

/** An event stream that reads no more than the test wants. */
function openStream(port: number, key: string, lastEventId: string | null): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ port, host: '127.0.0.1' }, () => {
    const resumed = lastEventId === null ? '' : `Last-Event-ID: ${lastEventId}\r\n`;
    socket.write(
      `GET /app/${key}/events?channel=news HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${resumed}\r\n`,
    );
    resolve(socket);
  });
  socket.on('error', reject);
  return promise;
}

/** Reads until `pattern` comes, and not a byte after that. */
function readUntil(socket: Socket, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  const take = (chunk: Buffer) => {
    text += chunk.toString();
    const found = pattern.exec(text);
    if (found === null) return;
    socket.off('data', take);
    socket.pause();
    resolve(found);
  };
  socket.on('data', take);
  socket.on('close', () => reject(new Error(`the stream ended without ${pattern}: ${text.slice(-500)}`)));
  return promise;
}

function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

test('a client that does not read is cut, also where its stream goes through another worker', async () => {
  await using server = await EarshotProcess.start(
    {
      EARSHOT_WORKERS: '2',
      EARSHOT_OUTBOX_BYTES: '1000000',
      EARSHOT_APP_EVENT_BYTES: `${eventBytes}`,
      EARSHOT_APP_PRESENCE_MEMBERS: '100',
      EARSHOT_PING_SECONDS: '3600',
    },
    60_000,
  );
  const key = server.app.key;
  const sockets: Socket[] = [];
  for (let n = 0; n < streams; n++) {
    const first = await openStream(server.port, key, null);
    const [, id = ''] = await readUntil(first, /^id: (\S+)$[\s\S]*subscription_succeeded/m);
    // The client comes back at whichever worker: about every second time at the one that has not got its session.
    const again = await openStream(server.port, key, id);
    await readUntil(again, /"resumed":true/);
    first.destroy();
    sockets.push(again);
  }
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    return Number(new RegExp(`^earshot_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8');
  const workers = children.trim().split(' ').map(Number);
  const before = workers.map(memoryOf);
  let most = 0;
  for (let n = 0; n < events; n++) {
    await server.api.publish('news', 'e', 'x'.repeat(eventBytes));
    if (n % 20 === 0) {
      for (const [index, pid] of workers.entries()) {
        most = Math.max(most, memoryOf(pid) - (before[index] ?? 0));
      }
    }
  }
  await eventually(async () => (await metric('slow_clients_cut_total')) === streams, 'all of them are cut');
  await eventually(async () => (await metric('subscriptions')) === 0, 'nobody is there any more');
  // Without a bound it would be 40 MB for each of them.
  expect(most).toBeLessThan(200 * 1024 * 1024);
  for (const socket of sockets) socket.destroy();
});
