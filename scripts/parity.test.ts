import { expect, test } from 'bun:test';
import { parityProblems } from './parity.ts';

const tests = new Map([['tests/a.test.ts', "test('a message comes once', () => {})"]]);
const check = (rows: string) => parityProblems(new Map([...tests, ['docs/parity.md', rows]]));
const all = '| 1–157, 188–200 | there | here | ';

test('a row that names a test which exists, or says why there is none, is right', () => {
  expect(check(`${all}\`tests/a.test.ts\` › a message comes once |`)).toEqual([]);
  expect(check(`${all}– left out, because |`)).toEqual([]);
});

test('a test that does not exist is found', () => {
  expect(check(`${all}\`tests/a.test.ts\` › a message comes twice |`)).toEqual([
    'docs/parity.md: row 1–157, 188–200 names a test "a message comes twice" that tests/a.test.ts does not have',
  ]);
  expect(check(`${all}\`tests/b.test.ts\` › a message comes once |`)).toHaveLength(1);
  expect(check(`${all}\`tests/a.test.ts\` › a message comes once<br>@somewhere |`)).toHaveLength(1);
  expect(check(`${all} |`)).toHaveLength(1);
});

test('a number that no row speaks of is found', () => {
  expect(check('| 1–12, 14–157, 189–200 | there | here | – because |')).toEqual([
    'docs/parity.md: nothing is said of 13, 188',
  ]);
});
