import { expect, test } from 'bun:test';
import { closeCodes } from '@earshot/protocol';
import { closeProblem, errorProblem } from './problems.ts';

test('what closes the connection for good is explained; what pusher-js comes back from is not', () => {
  for (const { code, reason } of Object.values(closeCodes)) {
    const problem = closeProblem(code, reason);
    expect([code, problem === null]).toEqual([code, code >= 4100]);
  }
  expect(closeProblem(1006, '')).toBeNull();
  expect(closeProblem(4001, '')).toContain('Reload this page');
  expect(closeProblem(4050, '')).toBe('The server closed this connection: code 4050.');
  expect(closeProblem(4050, 'Because')).toBe('The server closed this connection: Because.');
});

test('an error names the rate when that was it, and the server’s words otherwise', () => {
  expect(errorProblem(4301, '', 10)).toContain('10 lines a second');
  expect(errorProblem(null, 'Nope', 10)).toBe('The server refused that: Nope');
});
