import { expect, test } from 'bun:test';
import { problemsIn } from './check.ts';

/** Problems of a tree given as path → text. */
const check = (tree: Record<string, string>) => problemsIn(new Map(Object.entries(tree)));

test('a tree in order has no problems', () => {
  expect(
    check({
      'packages/server/src/channels/hub.ts': `import { parse } from '@earshot/protocol';`,
      'packages/server/src/apps/registry.ts': `import { open } from '@earshot/data';`,
      'packages/server/src/main.ts': `import { createServer } from './server.ts';`,
      'packages/server/src/server.ts': `import './channels/hub.ts';\nimport { serve } from 'bun';`,
    }),
  ).toEqual([]);
});

test('an import of a row beneath is found, also when it brings only types', () => {
  for (const statement of [
    `import { Bus } from '../cluster/bus.ts';`,
    `import type { Bus } from '../cluster/bus.ts';`,
    `#!/usr/bin/env bun\nimport type Bus from '../cluster/bus.ts';`,
    `import { type Bus } from '../cluster/bus.ts';`,
    `import {\n  type Bus,\n  type Roster,\n} from '../cluster/bus.ts';`,
    `export type { Bus } from '../cluster/bus.ts';`,
    `export * from '../cluster/bus.ts';`,
    `const bus = await import('../cluster/bus.ts');`,
  ]) {
    expect(check({ 'packages/server/src/channels/hub.ts': statement })).toEqual([
      'packages/server/src/channels/hub.ts: channels must not import cluster (../cluster/bus.ts); imports point to rows above only',
    ]);
  }
});

test('an import of the row beside is found', () => {
  expect(check({ 'packages/server/src/api/events.ts': `import '../transports/websocket.ts';` })).toEqual([
    'packages/server/src/api/events.ts: api must not import transports (../transports/websocket.ts); imports point to rows above only',
  ]);
});

test('what fulfils a contract is chosen by server.ts alone', () => {
  expect(
    check({
      'packages/server/src/server.ts': `import './cluster/bus-memory.ts';`,
      'packages/server/src/cluster/memory-cluster.ts': `import './bus-memory.ts';`,
      'packages/server/src/connection/a.ts': `import '../cluster/bus-redis.ts';`,
    }),
  ).toEqual([
    'packages/server/src/connection/a.ts: imports ../cluster/bus-redis.ts; import the contract and let server.ts choose what fulfils it',
  ]);
});

test('a package counts as the row it stands in', () => {
  expect(check({ 'packages/server/src/channels/hub.ts': `import { open } from '@earshot/data';` })).toEqual([
    'packages/server/src/channels/hub.ts: channels must not import @earshot/data (@earshot/data); imports point to rows above only',
  ]);
});

test('a part without a row is found', () => {
  expect(check({ 'packages/server/src/helpers/x.ts': `import '../apps/app.ts';` })).toEqual([
    'packages/server/src/helpers/x.ts: helpers has no row in scripts/check.ts; give it one',
  ]);
});

test('tests may import anything', () => {
  expect(
    check({ 'packages/server/src/channels/hub.test.ts': `import '../server.ts'; import 'fast-check';` }),
  ).toEqual([]);
});

test('text that looks like an import is none', () => {
  const text = 'const shown = `\nimport Echo from "laravel-echo";\n`; // import x from "./nowhere.ts"';
  expect(check({ 'packages/home/src/snippets.ts': text })).toEqual([]);
});

test('JSX adds no import', () => {
  expect(check({ 'packages/ui/src/dot.tsx': 'export const Dot = () => <span class="dot" />;' })).toEqual([]);
});

test('packages import by name and only those they may', () => {
  expect(
    check({
      'packages/protocol/src/a.ts': `import '@earshot/server';`,
      'packages/home/src/b.ts': `import '../../ui/src/index.ts';`,
      'packages/shop/src/c.ts': `import '@earshot/protocol';`,
    }),
  ).toEqual([
    'packages/protocol/src/a.ts: package protocol must not import @earshot/server; it may import: none',
    'packages/home/src/b.ts: imports ../../ui/src/index.ts, outside its package; import a package by its name',
    'packages/shop/src/c.ts: package shop is not in the table of scripts/check.ts',
  ]);
});

test('a circle is found, once, also through a package', () => {
  expect(
    check({
      'packages/ui/src/a.ts': `import './b.ts';`,
      'packages/ui/src/b.ts': `import './c.ts';`,
      'packages/ui/src/c.ts': `import './b.ts';`,
    }),
  ).toEqual(['imports form a circle: packages/ui/src/b.ts → packages/ui/src/c.ts → packages/ui/src/b.ts']);
  expect(
    check({
      'tests/support/a.ts': `import '@earshot/ui';`,
      'packages/ui/src/index.ts': `import '../../../tests/support/a.ts';`,
    }),
  ).toContain('imports form a circle: tests/support/a.ts → packages/ui/src/index.ts → tests/support/a.ts');
});

test('a vendor package comes in through one file', () => {
  const manifest = { 'packages/server/package.json': '{ "dependencies": { "pino": "1", "@scope/x": "1" } }' };
  expect(
    check({
      ...manifest,
      'packages/server/src/apps/a.ts': `import pino from 'pino';\nimport '@scope/x/deep';`,
      'packages/server/src/apps/b.ts': `import type { Logger } from 'pino';`,
    }),
  ).toEqual([
    'pino is imported by packages/server/src/apps/a.ts and packages/server/src/apps/b.ts; let one file import it and the others that file',
  ]);
});

test('a vendor package with a folder of its own may be imported by many files there and by none elsewhere', () => {
  const dependencies = '{ "dependencies": { "kysely": "1" } }';
  const tree = {
    'packages/data/package.json': dependencies,
    'packages/server/package.json': dependencies,
    'packages/data/src/a.ts': `import { sql } from 'kysely';`,
    'packages/data/src/b.ts': `import { sql } from 'kysely';`,
  };
  expect(check(tree)).toEqual([]);
  expect(check({ ...tree, 'packages/server/src/apps/c.ts': `import { sql } from 'kysely';` })).toEqual([
    'kysely is imported by packages/server/src/apps/c.ts; let one file import it and the others that file',
  ]);
});

test('shipped code imports only what its own package lists as a dependency', () => {
  expect(
    check({
      'packages/ui/package.json': '{ "devDependencies": { "axe-core": "1" } }',
      'packages/ui/src/a.ts': `import 'axe-core';`,
      'packages/ui/src/a.test.ts': `import 'fast-check';`,
    }),
  ).toEqual(['packages/ui/src/a.ts: imports axe-core, which its package.json does not list as a dependency']);
});

test('pure code reads no clock and no environment; comments may speak of them', () => {
  expect(
    check({
      'packages/protocol/src/a.ts': `/* Date.now() */\n// setTimeout(\nconst url = 'https://x';\nDate.now();`,
      'packages/server/src/channels/b.ts': `const key = process.env.KEY;`,
      'packages/server/src/apps/c.ts': `Date.now();`,
    }),
  ).toEqual([
    'packages/protocol/src/a.ts:4: Date.now in pure code; have it handed in',
    'packages/server/src/channels/b.ts:1: process. in pure code; have it handed in',
  ]);
});

test('words that must not stay are found, with their line', () => {
  expect(
    check({
      'docs/a.md': 'fine\nTODO later',
      'tests/b.test.ts': `test.only('x', () => {});`,
      'scripts/c.mjs': `run('/root/x')`,
      'docs/d.md': 'https://example.com/work/x and ./work/x, methods, onlyOne',
    }),
  ).toEqual([
    'docs/a.md:2: "TODO": do it now or open an issue',
    'tests/b.test.ts:1: "test.only(": it silences every other test',
    `scripts/c.mjs:1: "'/root/": a path of one machine means nothing elsewhere`,
  ]);
});

test('rules and tests name each other', () => {
  const page =
    '# Protocol\n\n- **PRES-1** one\n- **PRES-2** two, see **CONN-1**\n- **CONN-1** three\n- UTF-8 text';
  const tests = `test('PRES-1, CONN-1: …', f); test("PRES-3: …", f); // PRES-2: not a title`;
  expect(check({ 'docs/protocol.md': page, 'tests/a.test.ts': tests })).toEqual([
    'docs/protocol.md: no test names PRES-2',
    'tests/a.test.ts: names PRES-3, which docs/protocol.md does not state',
  ]);
  expect(
    check({ 'docs/protocol.md': '- **A-1** x\n- **A-1** y', 'tests/a.test.ts': 'test(`A-1: …`, f)' }),
  ).toEqual(['docs/protocol.md: A-1 is stated twice']);
  expect(check({ 'tests/a.test.ts': `test('PRES-1: before there is a page', f)` })).toEqual([]);
});
