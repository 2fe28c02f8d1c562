import { expect, spyOn, test } from 'bun:test';
import { idleTimeoutSeconds } from '../../packages/server/src/http/listener.ts';
import { startServer } from '../support/server.ts';

test('a page that takes longer to be bundled than a connection may be idle is answered all the same', async () => {
  const build = Bun.build;
  const bundling = Bun.sleep((idleTimeoutSeconds + 8) * 1000);
  const slow = spyOn(Bun, 'build').mockImplementation((async (options: Bun.BuildConfig) => {
    await bundling;
    return build(options);
  }) as typeof Bun.build);
  try {
    await using server = await startServer();
    const paths = ['/', '/dashboard/', '/chat', '/widget.js'];
    const answers = await Promise.all(paths.map((path) => fetch(`${server.origin}${path}`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await answers.at(-1)?.text()).toContain('Earshot');
  } finally {
    slow.mockRestore();
  }
});
