import { expect, test } from 'bun:test';
import { ManualClock } from '@earshot/base';
import { signInPath } from '@earshot/chat/contract';
import { settled } from '../store/store.testing.ts';
import { TestBrowser } from './env.testing.ts';
import { askProvider, makeProof, type Proof } from './popup.ts';

const server = 'https://chat.example/earshot';

async function asked() {
  const clock = new ManualClock();
  const tab = new TestBrowser({ time: clock, fetch: () => Promise.reject(new Error('none')) }).open();
  const proof = (await makeProof(tab.env)) as Proof;
  const answer = askProvider(tab.env, server, { app: 'key', provider: 'github' }, proof);
  const [opened] = tab.opened;
  if (opened === undefined) throw new Error('nothing was opened');
  return { clock, tab, proof, answer, opened };
}

test('the window is opened with what is no secret, in the fragment', async () => {
  const { opened, proof, tab } = await asked();
  const [address, fragment] = opened.url.split('#');
  expect(address).toBe(`${server}${signInPath}`);
  expect(Object.fromEntries(new URLSearchParams(fragment))).toEqual({
    app: 'key',
    provider: 'github',
    origin: tab.env.page.origin,
    challenge: proof.challenge,
  });
  expect(opened.url).not.toContain(proof.verifier);
  expect(proof.verifier).toMatch(/^[\w-]{43}$/);
  expect(new Bun.CryptoHasher('sha256').update(proof.verifier).digest('base64url')).toBe(proof.challenge);
});

test('the code counts from that origin and that window alone', async () => {
  const { tab, opened, answer } = await asked();
  const data = { type: 'earshot-sign-in', code: 'stolen' };
  tab.message({ origin: 'https://evil.example', source: opened, data });
  tab.message({ origin: 'https://chat.example', source: {}, data });
  tab.message({ origin: 'https://chat.example', source: opened, data: { type: 'other', code: 'x' } });
  tab.message({ origin: 'https://chat.example', source: opened, data: null });
  tab.message({ origin: 'https://chat.example', source: opened, data: { ...data, code: 'mine' } });
  expect(await answer).toEqual({ problem: null, value: 'mine' });
});

test('a refusal is said, and a window that was closed or cancelled is no problem', async () => {
  const refused = await asked();
  refused.tab.message({
    origin: 'https://chat.example',
    source: refused.opened,
    data: { type: 'earshot-sign-in', error: 'sign_in_failed' },
  });
  expect(await refused.answer).toEqual({ problem: { code: 'sign_in_failed' }, value: null });

  const closed = await asked();
  closed.opened.closed = true;
  closed.clock.advance(5_000);
  await settled();
  expect(await closed.answer).toEqual({ problem: null, value: null });
});
