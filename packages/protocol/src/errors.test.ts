import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type CloseCode, closeCodes, closeReason, errorCodes, errorTexts } from './errors.ts';

describe('close codes', () => {
  test('are the documented ones', () => {
    expect(Object.entries(closeCodes).map(([name, { code }]) => [name, code])).toEqual([
      ['tlsOnly', 4000],
      ['unknownApp', 4001],
      ['appDisabled', 4003],
      ['overConnectionQuota', 4004],
      ['pathNotFound', 4005],
      ['badVersion', 4006],
      ['unsupportedProtocol', 4007],
      ['noProtocol', 4008],
      ['unauthorised', 4009],
      ['overCapacity', 4100],
      ['reconnectNow', 4200],
      ['noPong', 4201],
    ]);
    expect([errorCodes.clientEventRate.code, errorCodes.watchlistTooLong.code]).toEqual([4301, 4302]);
  });

  test('stay below 4300, from where pusher-js never comes back, and say what the client does', () => {
    for (const { code, client } of Object.values<CloseCode>(closeCodes)) {
      expect(code).toBeLessThan(4300);
      if (code > 4000 && code < 4100) expect(client).toStartWith('no retry');
      else if (code >= 4100 && code < 4200) expect(client).toBe('retry after 1 s');
      else expect(client).toStartWith('retry at once');
    }
  });

  test('a reason fits a close frame, whatever its detail', () => {
    expect(closeReason(closeCodes.unknownApp, 'abc')).toBe('Could not find app by key abc');
    expect(closeReason(closeCodes.reconnectNow)).toBe('Please reconnect');
    for (const close of Object.values(closeCodes))
      expect(Buffer.byteLength(closeReason(close))).toBeLessThanOrEqual(123);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (detail) => {
        const reason = closeReason(closeCodes.unknownApp, detail);
        expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
        expect(`Could not find app by key ${detail}`).toStartWith(reason);
        expect(reason.isWellFormed()).toBe(true);
      }),
    );
    expect(closeReason(closeCodes.unknownApp, '€'.repeat(100))).toBe(
      `Could not find app by key ${'€'.repeat(32)}`,
    );
  });
});

test('texts that are known from Pusher start the same', () => {
  expect(errorTexts.invalidSignature.text('1.2:private-a', 'abc')).toBe(
    'Invalid signature: Expected HMAC SHA256 hex digest of 1.2:private-a, but got abc',
  );
  expect(errorTexts.invalidKey.text('subscription', 'k')).toBe("Invalid key in subscription auth data: 'k'");
  expect(errorTexts.authRequired.text('private-a')).toBe('Auth info required to subscribe to private-a');
  expect(errorTexts.alreadySubscribed.text('a')).toBe('Existing subscription to channel a');
  expect(errorTexts.notSubscribed.text('a')).toBe(
    'No current subscription to channel a, or subscription in progress',
  );
  expect(errorTexts.invalidChannelName.text('a b')).toBe('Invalid channel name a b');
  expect(errorTexts.invalidSignature.example).toContain('<string to sign>');
});
