import { expect, test } from 'bun:test';
import { locate, tools } from './tools.ts';

test('a tool that its variable names is used, if it runs', () => {
  process.env.EARSHOT_TEST_NGINX = process.execPath; // any program that knows `-v`
  expect(locate('nginx')).toBe(process.execPath);
  process.env.EARSHOT_TEST_NGINX = '/no/such/nginx';
  expect(locate('nginx')).toBeUndefined();
});

test('each tool has a variable of its own', () => {
  expect(new Set(tools.map((tool) => tool.variable)).size).toBe(tools.length);
});
