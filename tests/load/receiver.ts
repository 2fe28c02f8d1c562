/** A webhook's receiver that takes everything. Not in the generator, whose core is for measuring. */
export function startReceiver(): { readonly url: string; stop(): void } {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      await request.arrayBuffer();
      return new Response();
    },
  });
  return { url: `${server.url}webhooks`, stop: () => void server.stop(true) };
}
