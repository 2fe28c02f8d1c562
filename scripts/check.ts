/**
 * What the compiler and the linter do not check: which way imports point, that they form no circle, where packages of
 * others come in, words that must not stay, and that the numbered rules of docs/protocol.md and the tests agree.
 */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parityProblems } from './parity.ts';

/**
 * Parts of packages/server/src and the packages it uses. A row may import the rows above it, never one beside or beneath
 * it. A name ending in `.ts` is a file, `@earshot/…` a package, anything else a folder.
 */
const serverRows = [
  [
    ...['@earshot/base', '@earshot/protocol', '@earshot/ui', '@earshot/home', '@earshot/dashboard'],
    ...['@earshot/chat', '@earshot/widget'],
  ],
  ['config'],
  ['config.ts', 'start-error.ts'],
  ['chat-config.ts'],
  ['channels', 'link', '@earshot/data'],
  ['apps', 'operators'],
  ['cluster', 'metrics'],
  ['trace', 'statistics'],
  ['webhooks'],
  ['connection', 'http', 'pages'],
  ['inspect', 'transports', 'api'],
  ['home', 'dashboard'],
  ['chat'],
  ['transfer'],
  ['routes.ts', 'place.ts'],
  ['server.ts'],
  ['commands', 'workers'],
  ['main.ts'],
];

/** Fulfilments of a contract, which `server.ts` alone chooses between; everybody else knows the contract. */
const fulfilment = /^packages\/server\/src\/(\w+)\/.*-(memory|redis|workers)\.ts$/;

/** Which packages of ours a package may import. */
const packagesMayImport: Record<string, readonly string[]> = {
  base: [],
  protocol: [],
  ui: [],
  data: [],
  home: ['protocol', 'ui'],
  dashboard: ['protocol', 'ui'],
  chat: ['base', 'protocol', 'data'],
  widget: ['chat', 'ui'],
  extension: ['chat', 'ui', 'widget'],
  server: ['base', 'protocol', 'data', 'home', 'dashboard', 'ui', 'chat', 'widget'],
};

/** One package of others, one importing file; these may have more, below the folder given. */
const spreadVendors: Record<string, { below: string; because: string }> = {
  kysely: { below: 'packages/data/src/', because: 'dialects, migrator and types are a file each' },
  preact: { below: 'packages/', because: 'every view is written in it' },
  hono: { below: 'packages/', because: 'pages, the chat back end and its typed client are written in it' },
  '@hono/zod-openapi': {
    below: 'packages/',
    because: 'every part of the chat, and every page of the dashboard, defines its own routes',
  },
  'rate-limiter-flexible': {
    below: 'packages/',
    because: 'the page at / and the API of the chat each bound their own requests',
  },
  'pusher-js': {
    below: 'packages/',
    because: 'the page at / and the widget are clients, and the server serves it',
  },
};

/** Code that gets time, chance and the outside world handed in. */
const pureFolders = ['packages/protocol/src/', 'packages/server/src/channels/'];
const impure =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|process\.|Bun\.(?!CryptoHasher)|fetch\()/;

/** Words that must not stay, and why. */
const bannedWords: readonly { pattern: RegExp; because: string }[] = [
  { pattern: /\b(TODO|FIXME|XXX)\b/, because: 'do it now or open an issue' },
  { pattern: /\b(describe|test|it)\.only\(/, because: 'it silences every other test' },
  {
    pattern: /(^|[\s'"`(=])\/(work|root|Users|home\/\w+)\//,
    because: 'a path of one machine means nothing elsewhere',
  },
];
/** These hold such words and made-up rule ids because they are about them. */
const aboutTheChecks = ['scripts/check.ts', 'scripts/check.test.ts'];

const ignoredFolders = /^(node_modules|\.git|\.tools|data|dist)\/|\/node_modules\//;
const textFiles =
  /(\.(ts|tsx|mjs|js|css|html|svg|md|json|jsonc|toml|yml|yaml|sh|txt)|(^|\/)[^./]+|\.ci\/run)$/;

const isTest = (path: string) => /\.(test|contract)\.tsx?$/.test(path) || path.startsWith('tests/');
const isCode = (path: string) => /\.tsx?$/.test(path);
const isShipped = (path: string) => /^packages\/[^/]+\/src\//.test(path) && isCode(path) && !isTest(path);
const packageOf = (path: string) => /^packages\/([^/]+)\//.exec(path)?.[1];

/** Path from the project's root (with `/`) to text. */
export type Files = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  /** As written: `./hub.ts`, `@earshot/data`, `kysely`, `node:fs`. */
  readonly specifier: string;
  /** The file it leads to when that is one of ours, `packages/x/src/index.ts` for a package of ours. */
  readonly to: string | undefined;
}

/** Every problem found, as lines that name file, finding and remedy. Empty when all is well. */
export function problemsIn(files: Files): string[] {
  const imports = [...files].flatMap(([path, text]) => (isCode(path) ? importsOf(path, text) : []));
  const shipped = imports.filter((edge) => isShipped(edge.from));
  return [
    ...new Set(shipped.flatMap(packageDirection)),
    ...new Set(shipped.flatMap(serverDirection)),
    ...shipped.flatMap(contracts),
    ...cycles(imports),
    ...vendors(shipped, files),
    ...purity(files),
    ...words(files),
    ...rules(files),
    ...parityProblems(files),
  ];
}

const keepEveryImport = JSON.stringify({ compilerOptions: { verbatimModuleSyntax: true } });
const transpilers = {
  ts: new Bun.Transpiler({ loader: 'ts', tsconfig: keepEveryImport }),
  tsx: new Bun.Transpiler({ loader: 'tsx', tsconfig: keepEveryImport }),
};
const importHead = /^(import|export) (type )?([\w$]+,? )?(\{[^}]*\} |\*( as [\w$]+)? )?from /gm;

/** Imports of types count too, being knowledge of the other side; the transpiler would drop them. */
function importsOf(from: string, text: string): Import[] {
  const typesAsValues = text
    .replace(/^#!.*/, '')
    .replace(importHead, (head) => head.replace(/\btype (?=[\w$*{])/g, ''));
  const transpiler = from.endsWith('x') ? transpilers.tsx : transpilers.ts;
  const found = scan(transpiler, from, typesAsValues);
  const written = found.filter(({ kind }) => kind !== 'require-call'); // those JSX brings along
  return written.map(({ path: specifier }) => {
    if (specifier.startsWith('.')) {
      return { from, specifier, to: posix.join(posix.dirname(from), specifier) };
    }
    const own = /^@earshot\/([^/]+)$/.exec(specifier)?.[1];
    return { from, specifier, to: own && `packages/${own}/src/index.ts` };
  });
}

function scan(transpiler: Bun.Transpiler, path: string, text: string): Bun.Import[] {
  try {
    return transpiler.scanImports(text);
  } catch (cause) {
    throw new Error(`${path} cannot be parsed`, { cause });
  }
}

function packageDirection({ from, specifier, to }: Import): string[] {
  const mine = packageOf(from) ?? '';
  const other = /^@earshot\/([^/]+)/.exec(specifier)?.[1];
  if (other === undefined) {
    const leaves = to !== undefined && packageOf(to) !== mine;
    return leaves ? [`${from}: imports ${specifier}, outside its package; import a package by its name`] : [];
  }
  const allowed = packagesMayImport[mine];
  if (allowed === undefined) return [`${from}: package ${mine} is not in the table of scripts/check.ts`];
  if (allowed.includes(other)) return [];
  return [
    `${from}: package ${mine} must not import ${specifier}; it may import: ${allowed.join(', ') || 'none'}`,
  ];
}

function serverDirection({ from, specifier, to }: Import): string[] {
  const mine = serverPart(from);
  if (mine === undefined) return [];
  const other = specifier.startsWith('@earshot/') ? specifier.split('/', 2).join('/') : to && serverPart(to);
  if (other === undefined || other === mine) return [];
  const [myRow, otherRow] = [mine, other].map((part) => serverRows.findIndex((row) => row.includes(part)));
  if (myRow === -1 || otherRow === -1) {
    return [`${from}: ${myRow === -1 ? mine : other} has no row in scripts/check.ts; give it one`];
  }
  if ((otherRow ?? 0) < (myRow ?? 0)) return [];
  return [`${from}: ${mine} must not import ${other} (${specifier}); imports point to rows above only`];
}

function contracts({ from, specifier, to }: Import): string[] {
  const home = to && fulfilment.exec(to)?.[1];
  if (!home || [home, 'server.ts'].includes(serverPart(from) ?? '')) return [];
  return [`${from}: imports ${specifier}; import the contract and let server.ts choose what fulfils it`];
}

/** Folder or file below packages/server/src, as the table names it. */
function serverPart(path: string): string | undefined {
  return /^packages\/server\/src\/([^/]+)/.exec(path)?.[1];
}

/** One line for each circle of files, found by walking every path once. */
function cycles(imports: readonly Import[]): string[] {
  const edges = Map.groupBy(imports, (edge) => edge.from);
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) found.push(`imports form a circle: ${[...trail.slice(start), path].join(' → ')}`);
    if (start !== -1 || done.has(path)) return;
    for (const { to } of edges.get(path) ?? []) if (to !== undefined) walk(to, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return found;
}

function vendors(shipped: readonly Import[], files: Files): string[] {
  const outside = shipped
    .filter(({ specifier }) => !/^(\.|@earshot\/|node:|bun:|bun$)/.test(specifier))
    .map(({ from, specifier }) => ({ from, vendor: vendorOf(specifier) }));
  const undeclared = outside
    .filter(({ from, vendor }) => !declares(files, `packages/${packageOf(from)}/package.json`, vendor))
    .map(
      ({ from, vendor }) =>
        `${from}: imports ${vendor}, which its package.json does not list as a dependency`,
    );
  const spread = [...Map.groupBy(outside, ({ vendor }) => vendor)].flatMap(([vendor, uses]) => {
    const below = spreadVendors[vendor]?.below;
    const importers = [...new Set(uses.map(({ from }) => from))].filter(
      (from) => below === undefined || !from.startsWith(below),
    );
    const most = below === undefined ? 1 : 0;
    if (importers.length <= most) return [];
    return [
      `${vendor} is imported by ${importers.join(' and ')}; let one file import it and the others that file`,
    ];
  });
  return [...new Set(undeclared), ...spread];
}

const vendorOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

function declares(files: Files, manifest: string, vendor: string): boolean {
  const { dependencies = {} } = JSON.parse(files.get(manifest) ?? '{}');
  return Object.hasOwn(dependencies, vendor);
}

function purity(files: Files): string[] {
  const pure = [...files].filter(
    ([path]) => isShipped(path) && pureFolders.some((folder) => path.startsWith(folder)),
  );
  return pure.flatMap(([path, text]) =>
    linesWith(withoutComments(text), impure).map(
      ({ line, match }) => `${path}:${line}: ${match} in pure code; have it handed in`,
    ),
  );
}

/** The text with comments emptied, lines kept. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ''));
}

function words(files: Files): string[] {
  return [...files].flatMap(([path, text]) =>
    aboutTheChecks.includes(path)
      ? []
      : bannedWords.flatMap(({ pattern, because }) =>
          linesWith(text, pattern).map(({ line, match }) => `${path}:${line}: "${match.trim()}": ${because}`),
        ),
  );
}

function linesWith(text: string, pattern: RegExp): { line: number; match: string }[] {
  return text.split('\n').flatMap((content, index) => {
    const match = pattern.exec(content);
    return match === null ? [] : [{ line: index + 1, match: match[0] }];
  });
}

/**
 * Each rule of docs/protocol.md is a list item that begins with its id (`- **PRES-2** A second …`); a test names the rules
 * it proves at the start of its title (`'PRES-2: …'`, `'PRES-2, PRES-3: …'`).
 */
function rules(files: Files): string[] {
  const page = files.get('docs/protocol.md');
  if (page === undefined) return [];
  const stated = [...page.matchAll(/^- \*\*([A-Z]+-\d+)\*\* /gm)].map((match) => match[1] ?? '');
  const named = new Map<string, string>();
  for (const [path, text] of files) {
    if (!isTest(path) || !isCode(path) || aboutTheChecks.includes(path)) continue;
    for (const [, ids = ''] of text.matchAll(/['"`]([A-Z]+-\d+(?:, [A-Z]+-\d+)*): /g)) {
      for (const id of ids.split(', ')) named.set(id, path);
    }
  }
  const twice = stated.filter((id, index) => stated.indexOf(id) !== index);
  const unproven = stated.filter((id) => !named.has(id));
  return [
    ...twice.map((id) => `docs/protocol.md: ${id} is stated twice`),
    ...(unproven.length > 0 ? [`docs/protocol.md: no test names ${unproven.join(', ')}`] : []),
    ...[...named]
      .filter(([id]) => !stated.includes(id))
      .map(([id, path]) => `${path}: names ${id}, which docs/protocol.md does not state`),
  ];
}

/** Every text file of the project, as it lies in the folder. */
function readFiles(root: string): Files {
  const paths = [...new Bun.Glob('**/*').scanSync({ cwd: root, dot: true })].map((path) =>
    path.replaceAll('\\', '/'),
  );
  const texts = paths.filter(
    (path) => !ignoredFolders.test(path) && textFiles.test(path) && path !== 'package-lock.json',
  );
  return new Map(texts.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

if (import.meta.main) {
  const files = readFiles(join(import.meta.dirname, '..'));
  const problems = problemsIn(files);
  for (const problem of problems) console.error(problem);
  console.error(`check: ${files.size} files, ${problems.length} problems`);
  process.exit(problems.length === 0 ? 0 : 1);
}
