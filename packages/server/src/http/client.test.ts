import { expect, test } from 'bun:test';
import { Clients, hostGuard } from './client.ts';

const clients = new Clients(['127.0.0.1', '10.0.0.0/8', 'fd00::/8']);
const forwarded = (headers: Record<string, string>) => new Headers({ host: 'inner', ...headers });

test('headers of an untrusted address are not believed', () => {
  const headers = forwarded({
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example',
  });
  expect(clients.of(headers, '192.0.2.1', false)).toEqual({
    address: '192.0.2.1',
    secure: false,
    host: 'inner',
  });
});

test('a trusted proxy names address, scheme and host', () => {
  const headers = forwarded({
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'chat.example',
  });
  expect(clients.of(headers, '::ffff:127.0.0.1', false)).toEqual({
    address: '1.2.3.4',
    secure: true,
    host: 'chat.example',
  });
});

test('the list is believed from its end as far as proxies go', () => {
  const address = (list: string) =>
    clients.of(forwarded({ 'x-forwarded-for': list }), '127.0.0.1', false).address;
  expect(address('6.6.6.6, 1.2.3.4, 10.1.1.1')).toBe('1.2.3.4');
  expect(address('6.6.6.6, 2001:db8::1, fd00::2')).toBe('2001:db8::1');
  expect(address('10.1.1.1')).toBe('10.1.1.1');
  expect(address('not an address')).toBe('127.0.0.1');
  expect(address('6.6.6.6, garbage')).toBe('127.0.0.1');
});

test('without headers a trusted proxy is a client like others', () => {
  expect(clients.of(forwarded({}), '127.0.0.1', true)).toEqual({
    address: '127.0.0.1',
    secure: true,
    host: 'inner',
  });
});

test('a server on loopback answers to names of this machine and to its public one', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:6001',
    '127.0.0.1:6001',
    '127.5.5.5',
    '[::1]:6001',
    'chat.example',
  ]) {
    expect(hostGuard('127.0.0.1', 'https://chat.example/x')(host)).toBeNull();
  }
  for (const host of [
    'evil.example',
    'evil.example:6001',
    '127.0.0.1.evil.example',
    '',
    'localhost.evil.example',
  ]) {
    expect(hostGuard('127.0.0.1', null)(host)).toContain('EARSHOT_PUBLIC_URL');
  }
});

test('a server that others can reach answers to any name', () => {
  expect(hostGuard('0.0.0.0', null)('anything.example')).toBeNull();
});
