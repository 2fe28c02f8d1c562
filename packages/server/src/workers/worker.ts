import { chmodSync, existsSync, rmSync } from 'node:fs';
import { openRemoteDatabase } from '@earshot/data';
import { WorkersCluster } from '../cluster/workers-cluster.ts';
import type { Link } from '../link/link.ts';
import type { Place, WorkerParts } from '../place.ts';
import { createServer, type EarshotServer, type ServerOptions } from '../server.ts';
import { type DeskState, deskFormat, type Welcome } from './desk.ts';
import { forward } from './forward.ts';
import { WorkerUsage } from './usage-share.ts';

/**
 * Starts a server that is one of several, over its link to the supervisor.
 * @param id by which the supervisor knows it
 * @throws StartError, DataError, or Error when the supervisor refuses it
 */
export async function startWorker(
  options: Omit<ServerOptions, 'cluster' | 'place'> & { readonly link: Link; readonly id: string },
): Promise<EarshotServer> {
  const { link, id, config } = options;
  let state: DeskState = { hasStarted: false, ready: 0, keeper: null };
  link.on<DeskState>('state', (told) => {
    state = told;
  });
  link.on('heard', () => null);
  const welcome = await link.ask<Welcome & { forwardPath: string }>('hello', { format: deskFormat, id });
  const { forwardPath } = welcome;
  let listener: { stop(): void } | null = null;
  let parts: WorkerParts | null = null;
  const place: Place = {
    cluster: new WorkersCluster(link),
    database: welcome.hasDatabase ? openRemoteDatabase((request) => link.ask('db', request)) : null,
    workers: () => Math.max(1, state.ready),
    sessions: {
      claim: (session) => link.ask('sessions.claim', session),
      claimed(session) {
        link.note('sessions.claimed', session);
        link.flush();
      },
      find: (session) => link.ask('sessions.find', session),
      release: (session) => link.note('sessions.release', session),
      missed: (address) => link.note('sessions.missed', address),
      onMissed: (listener) => link.on('sessions.missed', listener),
      forward,
    },
    rates: { take: (key, amount, limit) => link.ask('rates.take', [key, amount, limit]) },
    windows: {
      take: (key, points, seconds) => link.ask('windows.take', [key, points, seconds]),
      forget: (key) => link.ask('windows.forget', key),
    },
    shareUsage: new WorkerUsage(link).join,
    keeper: () => (state.keeper === forwardPath ? null : state.keeper),
    isReady: () => !link.isClosed && state.hasStarted && state.ready > 0,
    scrape: () => link.ask('scrape'),
    async attach(worker) {
      parts = worker;
      link.on('metrics', () => worker.metrics());
      listener = listenForForwarded(forwardPath, worker);
      await link.ask('prepared');
    },
  };
  const { tls } = config;
  const server = await createServer({
    ...options,
    config: {
      ...config,
      port: welcome.port,
      tls: tls === null || tls.port === null ? tls : { ...tls, port: welcome.tlsPort },
    },
    place,
  });
  link.on('sign-in-link', () => server.signInLink());
  await link.ask('ready');
  const end = async (how: () => Promise<void>) => {
    try {
      await how();
      // What it counted since it was asked last.
      link.note('metrics.last', await parts?.metrics());
    } finally {
      listener?.stop();
      link.close();
    }
  };
  return {
    ...server,
    drain: (isReplaced) => end(() => server.drain(isReplaced)),
    stop: () => end(() => server.stop()),
  };
}

function listenForForwarded(path: string, worker: WorkerParts): { stop(): void } {
  if (existsSync(path)) rmSync(path);
  // Bun's types know no idle timeout of local sockets, but there is one; a held poll is quiet for longer.
  const noTimeout = { idleTimeout: 0 } as object;
  const server: Bun.Server<unknown> = Bun.serve({
    ...noTimeout,
    unix: path,
    development: false,
    maxRequestBodySize: 101 * 1024 * 1024,
    fetch: (request: Request): Promise<Response> => worker.forwarded(request, server),
    error: () => new Response('The server could not handle this request.\n', { status: 500 }),
  });
  chmodSync(path, 0o600);
  return {
    stop() {
      void server.stop(true);
      if (existsSync(path)) rmSync(path);
    },
  };
}
