/**
 * Builds the browser extension: `bun packages/extension/build.ts [folder]`, by default into `.tools/extension`. The folder
 * can be loaded as it is (chrome://extensions, developer mode, "Load unpacked").
 */
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { iconPng } from '../server/src/pages/icon.ts';
import manifest from './package.json';

const here = import.meta.dirname;

const scripts = [
  // Scripts of pages are no modules; the others could be, but need not.
  { from: 'content.ts', format: 'iife' },
  { from: 'worker.ts', format: 'iife' },
  { from: 'options.ts', format: 'esm' },
] as const;

/**
 * @param granted host permissions that it has from the beginning: for tests, where nobody can be asked
 * @returns the folder
 */
export async function buildExtension(folder: string, granted: readonly string[] = []): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const { from, format } of scripts) {
    const built = await Bun.build({
      entrypoints: [join(here, 'src', from)],
      target: 'browser',
      format,
      minify: true,
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    const [output] = built.outputs;
    if (output === undefined || built.outputs.length !== 1) throw new Error(`${from} is not one file`);
    await Bun.write(join(folder, from.replace('.ts', '.js')), await output.text());
  }
  const sheets = ['@earshot/ui/tokens.css', '@earshot/ui/base.css', './src/options.css'];
  const css = await Promise.all(sheets.map((sheet) => Bun.file(Bun.resolveSync(sheet, here)).text()));
  await Bun.write(join(folder, 'options.css'), css.join('\n'));
  await Bun.write(join(folder, 'options.html'), Bun.file(join(here, 'src', 'options.html')));
  for (const size of [16, 48, 128]) {
    await Bun.write(join(folder, `icon-${size}.png`), iconPng({ size, shape: 'rounded' }));
  }
  await Bun.write(join(folder, 'manifest.json'), `${JSON.stringify(describe(granted), null, 2)}\n`);
  return folder;
}

function describe(granted: readonly string[]): object {
  const icons = { 16: 'icon-16.png', 48: 'icon-48.png', 128: 'icon-128.png' };
  return {
    manifest_version: 3,
    name: 'Earshot',
    version: manifest.version,
    description: 'Chat on the pages you visit, with your own Earshot server.',
    minimum_chrome_version: '120',
    icons,
    action: { default_title: 'Chat on this page', default_icon: icons },
    background: { service_worker: 'worker.js' },
    options_ui: { page: 'options.html', open_in_tab: true },
    permissions: ['activeTab', 'notifications', 'scripting', 'storage'],
    // Nothing until the person names a server or a site.
    ...(granted.length === 0 ? {} : { host_permissions: granted }),
    optional_host_permissions: ['https://*/*', 'http://*/*'],
    content_security_policy: {
      extension_pages:
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src http: https: ws: wss:; require-trusted-types-for 'script'; trusted-types 'none'",
    },
  };
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? join(here, '..', '..', '.tools', 'extension'));
  await buildExtension(folder);
  console.log(`The extension is in ${folder}`);
}
