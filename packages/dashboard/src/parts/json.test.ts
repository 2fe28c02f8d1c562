import { expect, test } from 'bun:test';
import { readJson } from './json.ts';

test('numbers keep their digits, names their order, and what is no JSON is null', () => {
  expect(readJson('{"b":12345678901234567890,"a":[1.0,true,null,"x"]}')).toEqual({
    is: 'object',
    entries: [
      ['b', { is: 'word', text: expect.stringMatching(/^1234567890123456789|^12345678901234567000/) }],
      [
        'a',
        {
          is: 'array',
          items: [
            { is: 'word', text: expect.stringMatching(/^1(\.0)?$/) },
            { is: 'word', text: 'true' },
            { is: 'word', text: 'null' },
            { is: 'text', text: 'x' },
          ],
        },
      ],
    ],
  });
  expect(readJson('plain words')).toBeNull();
});
