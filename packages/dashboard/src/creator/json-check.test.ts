import { describe, expect, test } from 'bun:test';
import { checkJson, formatJson } from './json-check.ts';

describe('what somebody has typed', () => {
  test('is JSON, text, or nothing', () => {
    expect(checkJson(' \n')).toEqual({ is: 'empty' });
    expect(checkJson('{"a":[1,"b"]}')).toEqual({ is: 'json', value: { a: [1, 'b'] } });
    expect(checkJson('7')).toEqual({ is: 'json', value: 7 });
    expect(checkJson('hello')).toEqual({ is: 'text' });
    expect(checkJson('12 monkeys')).toEqual({ is: 'text' });
    expect(checkJson("it's")).toEqual({ is: 'text' });
  });

  test.each([
    ['{', 1, 2, 'The text ends, a name in double quotes or } was expected.'],
    ['{"a"}', 1, 5, 'Found }, a colon was expected.'],
    ['{"a":}', 1, 6, 'Found }, a value was expected.'],
    ['{"a":1,}', 1, 8, 'A comma stands before }, where nothing follows it.'],
    ['[1,]', 1, 4, 'A comma stands before ], where nothing follows it.'],
    ['{"a":1 "b":2}', 1, 8, 'Found ", a comma or } was expected.'],
    ['{a:1}', 1, 2, 'A name stands in double quotes in JSON.'],
    ["{'a':1}", 1, 2, 'Names and texts stand in double quotes in JSON.'],
    ['{"a":\'b\'}', 1, 6, 'Names and texts stand in double quotes in JSON.'],
    [
      '{\n  "a": 1,\n  "b": undefined\n}',
      3,
      8,
      'Found undefined, which is no value. A text stands in double quotes.',
    ],
    ['[01]', 1, 2, 'Found 01, which is no value. A text stands in double quotes.'],
    ['["a]', 1, 2, 'A text is never closed: " is missing.'],
    [
      '["a\nb"]',
      1,
      4,
      'A text goes over the end of the line. Write a line break as \\n, or close the quotes.',
    ],
    ['["\\x"]', 1, 3, '\\x means nothing in JSON. Write \\\\ for a backslash.'],
    ['{} {}', 1, 4, 'Something follows after the end of the value.'],
    ['["😀" 1]', 1, 6, 'Found 1, a comma or ] was expected.'],
    ['[1}', 1, 3, 'Found }, a comma or ] was expected.'],
  ])('%j is no JSON, and where', (text, line, column, problem) => {
    expect(checkJson(text)).toMatchObject({ is: 'broken', line, column, problem });
  });

  test('every beginning of a JSON text is located at its end or before, and never as sound', () => {
    const whole = '{"a":[1,-2.5e3,"x\\u00e9\\n",true,null,{"b":{}},[]],"c":"d"}';
    for (let length = 1; length < whole.length; length++) {
      const found = checkJson(whole.slice(0, length));
      expect([length, found.is]).toEqual([length, 'broken']);
      if (found.is === 'broken') expect(found.offset).toBeLessThanOrEqual(length);
    }
  });

  test('nested however deep, it does not overflow', () => {
    expect(checkJson('['.repeat(200_000))).toMatchObject({ is: 'broken', offset: 200_000 });
  });

  test('is put in order', () => {
    expect(formatJson('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect(formatJson('{"a":')).toBeNull();
    expect(formatJson('hello')).toBeNull();
  });
});
