import { chmodSync, existsSync, rmSync } from 'node:fs';
import { Link } from './link.ts';

type OnProblem = (stage: string, error: unknown) => void;

/** Listens on a local socket that only this user may open. @returns ends it */
export function listenForLinks(
  path: string,
  connected: (link: Link) => void,
  onProblem: OnProblem,
): { stop(): void } {
  if (existsSync(path)) rmSync(path);
  const listener = Bun.listen<{ link: Link } | undefined>({
    unix: path,
    socket: {
      open(socket) {
        const link = new Link(socket, onProblem);
        socket.data = { link };
        connected(link);
      },
      data: (socket, chunk) => socket.data?.link.received(chunk),
      drain: (socket) => socket.data?.link.drained(),
      close: (socket) => socket.data?.link.closed(),
      error: (socket) => socket.data?.link.closed(),
    },
  });
  chmodSync(path, 0o600);
  return {
    stop() {
      listener.stop(true);
      if (existsSync(path)) rmSync(path);
    },
  };
}

/** @throws Error when nobody listens there */
export async function connectLink(path: string, onProblem: OnProblem): Promise<Link> {
  const { promise, resolve } = Promise.withResolvers<Link>();
  let link: Link | undefined;
  await Bun.connect({
    unix: path,
    socket: {
      open(socket) {
        link = new Link(socket, onProblem);
        resolve(link);
      },
      data: (_socket, chunk) => link?.received(chunk),
      drain: () => link?.drained(),
      close: () => link?.closed(),
      error: () => link?.closed(),
    },
  });
  return promise;
}
