import { join } from 'node:path';

const here = import.meta.dirname;

/** As strict as a page can be: what works here works anywhere. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

export interface Gallery extends AsyncDisposable {
  readonly origin: string;
}

/** Serves the gallery on a free port of loopback. @throws AggregateError when the code cannot be bundled */
export async function serveGallery(port = 0): Promise<Gallery> {
  const built = await Bun.build({
    entrypoints: [join(here, 'page.ts'), join(here, 'live.ts')],
    target: 'browser',
    splitting: true,
    naming: '[name]-[hash].[ext]',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const files = new Map<string, Blob>();
  for (const output of built.outputs) {
    const [name] = output.path.replace(/^\.\//, '').split('-');
    files.set(output.kind === 'entry-point' ? `/${name}.js` : output.path.replace(/^\./, ''), output);
  }
  const sheets = ['../../ui/src/tokens.css', '../../ui/src/base.css', '../src/live/page/live.css'];
  const liveSheet = (await Promise.all(sheets.map((sheet) => Bun.file(join(here, sheet)).text()))).join('\n');
  const server = Bun.serve({
    port,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url);
      const headers = { 'content-security-policy': policy };
      if (pathname === '/') return new Response(Bun.file(join(here, 'index.html')), { headers });
      if (pathname === '/live') return new Response(Bun.file(join(here, 'live.html')), { headers });
      if (pathname === '/live.css') {
        return new Response(liveSheet, { headers: { ...headers, 'content-type': 'text/css' } });
      }
      if (pathname === '/page.css') return new Response(Bun.file(join(here, 'page.css')), { headers });
      const script = files.get(pathname);
      if (script === undefined) return new Response(null, { status: 404 });
      return new Response(script, { headers: { ...headers, 'content-type': 'text/javascript' } });
    },
  });
  return {
    origin: `http://127.0.0.1:${server.port}`,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

if (import.meta.main) {
  const gallery = await serveGallery(Number(process.argv[2] ?? 0));
  console.log(`${gallery.origin}/?state=home`);
}
