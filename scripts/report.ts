import { existsSync, readFileSync } from 'node:fs';

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

export interface FailedTest {
  /** Relative to where the tests ran. */
  readonly file: string;
  readonly line: number;
  readonly name: string;
  /** Of the error, on one line. */
  readonly message: string;
}

/** The totals in the first element of Bun's JUnit report; nothing when it was never written. */
export function countTests(report: string): Count {
  const head = /<testsuites [^>]*>/.exec(textOf(report))?.[0] ?? '';
  const total = (name: string) => Number(attribute(head, name) || 0);
  const [failed, skipped] = [total('failures'), total('skipped')];
  return { passed: total('tests') - failed - skipped, failed, skipped };
}

/** The tests of Bun's JUnit report that failed, in its order. */
export function failedTests(report: string): FailedTest[] {
  const found = textOf(report).matchAll(/<testcase ([^>]*[^/])>\s*<failure ([^>]*)>/g);
  return [...found].map(([, test = '', failure = '']) => ({
    file: attribute(test, 'file'),
    line: Number(attribute(test, 'line')),
    name: attribute(test, 'name'),
    message: attribute(failure, 'message').replaceAll(/\s+/g, ' ').trim(),
  }));
}

function textOf(report: string): string {
  return existsSync(report) ? readFileSync(report, 'utf8') : '';
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The value of an attribute in the text of an element's start; empty when it has none of this name. */
function attribute(element: string, name: string): string {
  const value = new RegExp(`(?:^| )${name}="([^"]*)"`).exec(element)?.[1] ?? '';
  return value
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll(/&(\w+);/g, (whole, entity) => entities[entity] ?? whole);
}
