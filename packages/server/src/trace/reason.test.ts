import { expect, test } from 'bun:test';
import { errorTexts } from '@earshot/protocol';
import { withoutSecrets } from './reason.ts';

test.each([
  [
    errorTexts.invalidSignature.text('1.2:presence-a:{"user_info":{"email":"a@b.c"}}', 'abcd'),
    'Invalid signature',
  ],
  [errorTexts.invalidKey.text('subscription', 'my-secret'), 'Invalid key in subscription auth data'],
  [errorTexts.invalidKey.text('user', 'line\nbreak'), 'Invalid key in user auth data'],
  [
    'Invalid signature: you should have sent HmacSHA256Hex("POST\\n/apps/3/events\\nauth_key=k", your_secret_key), but you sent "ab"\n',
    'Invalid signature',
  ],
  ['Unknown auth_key\n', 'Unknown auth_key'],
  [errorTexts.signInRequired.text('private-a'), 'Sign in (pusher:signin) before subscribing to private-a'],
])('%p is shown as %p', (message, shown) => {
  expect(withoutSecrets(message)).toBe(shown);
});
