import { expect, test } from 'bun:test';
import { Metrics } from '../metrics/prometheus.ts';
import { Scrapes } from './scrapes.ts';

const counter = (values: Record<string, number>) => ({
  name: 'closed_total',
  help: 'Closed',
  type: 'counter',
  aggregator: 'sum',
  values: Object.entries(values).map(([code, value]) => ({ value, labels: { code } })),
});
const gauge = (value: number) => ({
  name: 'open',
  help: 'Open',
  type: 'gauge',
  aggregator: 'sum',
  values: [{ value, labels: {} }],
});
const histogram = (count: number) => ({
  name: 'time',
  help: 'Time',
  type: 'histogram',
  aggregator: 'sum',
  values: [
    { value: count, labels: { le: 1 }, metricName: 'time_bucket' },
    { value: count, labels: { le: '+Inf' }, metricName: 'time_bucket' },
    { value: count * 2, labels: {}, metricName: 'time_sum' },
    { value: count, labels: {}, metricName: 'time_count' },
  ],
});
const lines = async (scrapes: Scrapes<string>) =>
  (await Metrics.textOfAll(scrapes.all())).split('\n').filter((line) => /^\w/.test(line));

test('what a worker counted stays when it is gone, and what it had goes with it', async () => {
  const scrapes = new Scrapes<string>();
  scrapes.set('a', [counter({ 1000: 3, 4200: 1 }), gauge(5), histogram(2)]);
  scrapes.set('b', [counter({ 1000: 10 }), gauge(7), histogram(1)]);
  const before = await lines(scrapes);
  expect(before).toEqual([
    'closed_total{code="1000"} 13',
    'closed_total{code="4200"} 1',
    'open 12',
    'time_bucket{le="1"} 3',
    'time_bucket{le="+Inf"} 3',
    'time_sum 6',
    'time_count 3',
  ]);
  scrapes.end('a');
  const after = before.map((line) => (line === 'open 12' ? 'open 7' : line));
  expect((await lines(scrapes)).sort()).toEqual([...after].sort());
  scrapes.set('c', [counter({ 4200: 4, 4004: 1 }), gauge(1), histogram(1)]);
  scrapes.end('c');
  scrapes.end('b');
  expect((await lines(scrapes)).sort()).toEqual(
    [
      'closed_total{code="1000"} 13',
      'closed_total{code="4004"} 1',
      'closed_total{code="4200"} 5',
      'time_bucket{le="+Inf"} 4',
      'time_bucket{le="1"} 4',
      'time_count 4',
      'time_sum 8',
    ].sort(),
  );
});

test('a worker that ended before it was asked, or was never asked, changes nothing', async () => {
  const scrapes = new Scrapes<string>();
  scrapes.end('a');
  expect(await lines(scrapes)).toEqual([]);
});
