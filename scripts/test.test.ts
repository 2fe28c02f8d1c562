import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countTests, failedTests } from './report.ts';
import { summary } from './test.ts';

test('the last line has exactly the form that scripts depend on', () => {
  expect(summary({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(summary({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped');
});

test("tests are counted from Bun's own report, so a change of its form is noticed here", () => {
  const folder = mkdtempSync(join(tmpdir(), 'earshot-count-'));
  writeFileSync(
    join(folder, 'sample.test.ts'),
    `import { test, expect } from 'bun:test';
     test('a', () => {}); test('b', () => {}); test('c <&">', () => expect(1).toBe(2)); test.skip('d', () => {});`,
  );
  const report = join(folder, 'report.xml');
  Bun.spawnSync([process.execPath, 'test', '--reporter=junit', `--reporter-outfile=${report}`], {
    cwd: folder,
  });
  expect(countTests(report)).toEqual({ passed: 2, failed: 1, skipped: 1 });
  const message = expect.stringContaining('Expected: 2 Received: 1');
  expect(failedTests(report)).toEqual([{ file: 'sample.test.ts', line: 2, name: 'c <&">', message }]);
  rmSync(folder, { recursive: true });
});

test('a report that was never written counts nothing', () => {
  expect(countTests(join(tmpdir(), 'earshot-no-such-report.xml'))).toEqual({
    passed: 0,
    failed: 0,
    skipped: 0,
  });
});
