import { expect, test } from 'bun:test';
import { judge, markdown, median, medians } from './table.ts';

test('the median of an odd and of an even number of values', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 1, 2, 4])).toBe(3);
  expect(
    medians([
      { cpu: 1, rate: 9 },
      { cpu: 3, rate: 7 },
      { cpu: 2, rate: 8 },
    ]),
  ).toEqual({ cpu: 2, rate: 8 });
});

function met(scenario: string, measure: string, earshot: number, bare: number, soketi: number) {
  const servers = {
    earshot: { [measure]: earshot },
    bare: { [measure]: bare },
    soketi: { [measure]: soketi },
  };
  return judge(new Map([[scenario, servers]])).find((row) => row.measure === measure)?.met;
}

test('each goal is met at its bound and missed beyond it', () => {
  expect(met('fanout', 'cpu', 1.15, 1, 8)).toBe(true);
  expect(met('fanout', 'cpu', 1.16, 1, 8)).toBe(false);
  expect(met('fanout', 'rate', 150, 1, 10)).toBe(true);
  expect(met('fanout', 'rate', 149, 1, 10)).toBe(false);
  expect(met('publish', 'rate', 70, 100, 1)).toBe(true);
  expect(met('publish', 'rate', 69, 100, 1)).toBe(false);
  expect(met('idle', 'rss', 4000, 1000, 1)).toBe(true);
  expect(met('idle', 'rss', 4001, 1000, 1)).toBe(false);
  expect(met('presence', 'settleMs', 2000, 1, 1)).toBe(true);
  expect(met('presence', 'settleMs', 2001, 1, 1)).toBe(false);
  expect(met('paced50', 'cpu', 2, 1, 1)).toBeNull();
});

test('a goal is not judged without the server that it names', () => {
  const rows = judge(new Map([['fanout', { earshot: { rate: 100, cpu: 1 }, bare: { rate: 100, cpu: 1 } }]]));
  expect(rows.map((row) => row.met)).toEqual([null, true]);
});

test('the table names what is missing with a dash', () => {
  const text = markdown(judge(new Map([['fanout', { earshot: { rate: 2_500_000, cpu: 0.4 } }]])));
  expect(text.split('\n')[2]).toMatch(/^\| saturated: deliveries\/s +\| 2,500,000 \| +– \| +– \|/);
});

test('a goal against another row is judged only when that row is there', () => {
  const of = (cpu: number) => ({ earshot: { cpu } });
  const streaming = (results: [string, ReturnType<typeof of>][]) =>
    judge(new Map(results)).find((row) => row.scenario === 'fanout-streaming' && row.measure === 'cpu')?.met;
  expect(streaming([['fanout-streaming', of(0.5)]])).toBeNull();
  expect(
    streaming([
      ['fanout', of(0.25)],
      ['fanout-streaming', of(0.5)],
    ]),
  ).toBe(true);
  expect(
    streaming([
      ['fanout', of(0.24)],
      ['fanout-streaming', of(0.5)],
    ]),
  ).toBe(false);
});

test('the desk is judged beside Earshot without it', () => {
  const judged = judge(
    new Map([
      ['desk-fanout', { desk: { cpu: 1.05, rate: 10 }, plain: { cpu: 1, rate: 11 } }],
      ['desk-publish', { desk: { rate: 89, cpu: 1 }, plain: { rate: 100, cpu: 1 } }],
      ['desk-facts', { desk: { rate: 2_000 } }],
      [
        'desk-journal',
        { desk: { p99: 12.1, p50: 4, facts: 2_000 }, plain: { p99: 10, p50: 4, facts: 2_000 } },
      ],
    ]),
  );
  const met = Object.fromEntries(judged.map((row) => [`${row.scenario} ${row.measure}`, row.met]));
  expect(met).toMatchObject({
    'desk-fanout cpu': true,
    'desk-publish rate': false,
    'desk-facts rate': true,
    'desk-journal p99': false,
    'desk-journal p50': null,
  });
  const [head, , first] = markdown(judged).split('\n');
  expect(head?.split('|').map((cell) => cell.trim())).toEqual([
    ...['', '', 'with the desk', 'without', 'with ÷ without', 'goal', '', ''],
  ]);
  expect(first).toContain('1.05×');
});
