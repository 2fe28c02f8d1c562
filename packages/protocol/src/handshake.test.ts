import { describe, expect, test } from 'bun:test';
import { checkHandshake, chooseSubprotocol } from './handshake.ts';

function codeOf(query: string): number | string {
  const result = checkHandshake(new URLSearchParams(query));
  return 'close' in result ? result.close.code : `protocol ${result.protocol}`;
}

describe('CONN-5, CONN-6: the query', () => {
  test.each([
    ['protocol=7&client=js&version=8.6.0&flash=false', 'protocol 7'],
    ['client=pusher-websocket-swift&version=10.1.5&protocol=7', 'protocol 7'],
    ['client=java-client&protocol=5&version=2.4.4', 'protocol 5'],
    ['protocol=4', 'protocol 4'],
    ['protocol=6&x=1', 'protocol 6'],
    ['protocol=7&version=8.4.0-rc2', 'protocol 7'],
    [`protocol=7&version=${'1'.repeat(64)}`, 'protocol 7'],
    ['', 4008],
    ['version=8.6.0', 4008],
    ['protocol=', 4008],
    ['protocol=3', 4007],
    ['protocol=8', 4007],
    ['protocol=x', 4007],
    ['protocol=7.0', 4007],
    ['protocol=%207', 4007],
    ['protocol=77', 4007],
    ['protocol=7&version=', 4006],
    [`protocol=7&version=${'1'.repeat(65)}`, 4006],
  ])('%s → %s', (query, expected) => expect(codeOf(query)).toBe(expected));
});

describe('CONN-15: the subprotocol', () => {
  test.each([
    [null, null],
    ['', null],
    ['pusher-channels-protocol-7', 'pusher-channels-protocol-7'],
    ['chat, pusher-channels-protocol-5 ,pusher-channels-protocol-7', 'pusher-channels-protocol-5'],
    ['pusher-channels-protocol-8', null],
    ['pusher-channels-protocol-', null],
    ['chat', null],
  ])('%j → %j', (offered, expected) => expect(chooseSubprotocol(offered)).toBe(expected));
});
