import { expect, test } from 'bun:test';
import { inspect } from 'node:util';
import pino from 'pino';
import { defaultAppSettings } from '../config.ts';
import { App, AppKey } from './app.ts';

const secret = '7ad3773142a6692b25b8';
const app = new App('3', defaultAppSettings(), new Map([['key', new AppKey('key', secret)]]));

test('no way of printing an app or its keys shows a secret', () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  log.info(
    { app, keys: [...app.keys], key: app.oldestKey, nested: { app } },
    'text %o %j',
    app.oldestKey,
    app,
  );
  const shown = [
    ...lines,
    ...[app, app.keys, app.oldestKey, { app }, [app]].flatMap((each) => [
      JSON.stringify(each),
      Bun.inspect(each),
      inspect(each, { depth: null, showHidden: true, getters: false }),
      String(each),
      JSON.stringify({ ...each }),
    ]),
  ];
  expect(shown.join('\n')).not.toContain(secret);
  expect(JSON.stringify(app)).toBe('{"id":"3","name":"First app"}');
});

test('the oldest key is the first one', () => {
  const keys = ['old', 'new'].map((key): [string, AppKey] => [key, new AppKey(key, 'x')]);
  expect(new App('3', defaultAppSettings(), new Map(keys)).oldestKey.key).toBe('old');
  expect(() => new App('3', defaultAppSettings(), new Map()).oldestKey).toThrow('App 3 has no key');
});
