import type { EarshotServer } from '@earshot/server';
import { createServer, type ServerOptions } from '../../packages/server/src/server.ts';
import { Balancer } from './balancer.ts';
import { knownToAll } from './workers.ts';

/** What looks like one server to whoever uses it. */
export interface SeveralNodes extends EarshotServer {
  readonly nodes: readonly EarshotServer[];
}

/**
 * A server of several nodes behind one address, as machines behind a balancer are: each is given the same settings, with
 * one Redis and one PostgreSQL, and a data folder of its own. They start at once.
 * @param settings of the node of that number
 */
export async function startNodes(
  settings: (index: number) => ServerOptions | Promise<ServerOptions>,
  count: number,
): Promise<SeveralNodes> {
  const stack = new AsyncDisposableStack();
  try {
    const starts = await Promise.allSettled(
      Array.from({ length: count }, async (_, index) => {
        const node = await createServer(await settings(index));
        stack.defer(() => node.stop());
        return node;
      }),
    );
    const nodes = starts.map((start) => {
      if (start.status === 'rejected') throw start.reason;
      return start.value;
    });
    return await together(nodes, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function together(nodes: readonly EarshotServer[], stack: AsyncDisposableStack): Promise<SeveralNodes> {
  const [first] = nodes;
  if (first === undefined) throw new Error('a server has at least one node');
  const balancer = stack.use(await Balancer.to(nodes.map(({ port }) => port)));
  const url = `http://127.0.0.1:${balancer.port}`;
  return {
    ...first,
    nodes,
    url,
    address: first.address.replace(first.url, url),
    port: balancer.port,
    apps: knownToAll(first.apps, nodes),
    async drain() {
      await Promise.all(nodes.map((node) => node.drain()));
      await stack.disposeAsync();
    },
    stop: () => stack.disposeAsync(),
  };
}
