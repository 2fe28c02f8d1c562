import { join } from 'node:path';

const here = import.meta.dirname;

/** The policy of the product: what works here works there. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

export interface Gallery extends AsyncDisposable {
  readonly origin: string;
}

/** Serves the gallery on a free port of loopback: `/g/{state}/dashboard/…`. @throws AggregateError when the code cannot be bundled */
export async function serveGallery(port = 0): Promise<Gallery> {
  const built = await Bun.build({
    entrypoints: [join(here, 'page.ts')],
    target: 'browser',
    splitting: true,
    naming: { entry: '[name].js', chunk: '[name]-[hash].js' },
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const files = new Map(
    built.outputs.map((output) => [`/assets/${output.path.replace(/^\.\//, '')}`, output]),
  );
  const shared = ['@earshot/ui/tokens.css', '@earshot/ui/base.css'].map((name) =>
    Bun.resolveSync(name, here),
  );
  const own = [...new Bun.Glob('../src/**/*.css').scanSync(here)].sort();
  const plot = Bun.resolveSync('uplot/dist/uPlot.min.css', here);
  const sheets = [...shared, plot, ...own.map((path) => join(here, path))];
  const server = Bun.serve({
    port,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const headers = { 'content-security-policy': policy };
      if (pathname.startsWith('/g/')) return new Response(Bun.file(join(here, 'index.html')), { headers });
      if (pathname === '/assets/dashboard.css') {
        const texts = await Promise.all(sheets.map((path) => Bun.file(path).text()));
        return new Response(texts.join('\n'), { headers: { ...headers, 'content-type': 'text/css' } });
      }
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
  console.log(`${gallery.origin}/g/apps/dashboard/`);
}
