import { expect, test } from 'bun:test';
import { base64url } from '../client/env.ts';
import { fragmentOf, fromBase64, keyFrom, newKey, openSeal, padded, type Seal, type Way } from './seal.ts';
import { type Envelope, Speech } from './speech.ts';

const bytes = Uint8Array.from({ length: 32 }, (_, index) => index);
/** Chance that is none, so that what is sealed is the same each time. */
const counted = (length: number) => Uint8Array.from({ length }, (_, index) => index + 1);
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const { subtle } = crypto;
const ways: Way[] = ['a', 'n'];

async function sealOf(way: Way, randomBytes = random, key = bytes): Promise<Seal> {
  const seal = await openSeal({ way, bytes: key }, { randomBytes }, subtle);
  if (seal === null) throw new Error('no seal');
  return seal;
}

const hi = new TextEncoder().encode('hi');

test('what is sealed stays what it is: other versions of the page have to open it', async () => {
  const sealed = await Promise.all(
    ways.map(async (way) => base64url(await (await sealOf(way, counted)).seal(hi, 'here'))),
  );
  expect(sealed).toMatchInlineSnapshot(`
    [
      "AQIDBAUGBwgJCgsMbYNPu_fSuOhn4m8mwx-fedH3",
      "AQIDBAUGBwgJCgsMDQ4PENrVf_aMA5mf_vyeevdNCIr-iA",
    ]
  `);
});

test('AES-GCM is what any other implementation makes of it', async () => {
  const sealed = await (await sealOf('a')).seal(hi, 'here');
  const { createDecipheriv } = await import('node:crypto');
  const cipher = createDecipheriv('aes-256-gcm', bytes, sealed.slice(0, 12));
  cipher.setAAD(Buffer.from('here'));
  cipher.setAuthTag(sealed.slice(-16));
  expect(Buffer.concat([cipher.update(sealed.slice(12, -16)), cipher.final()]).toString()).toBe('hi');
});

for (const way of ways) {
  test(`${way}: it opens with its key at its place, and nowhere else`, async () => {
    const seal = await sealOf(way);
    const sealed = await seal.seal(hi, 'here');
    expect(await seal.open(sealed, 'here')).toEqual(hi);
    expect(await seal.open(sealed, 'there')).toBeNull();
    const other = await sealOf(
      way,
      random,
      bytes.map((byte) => byte ^ 1),
    );
    expect(await other.open(sealed, 'here')).toBeNull();
    for (let index = 0; index < sealed.length; index++) {
      const changed = sealed.map((byte, at) => (at === index ? byte ^ 1 : byte));
      expect(await seal.open(changed, 'here')).toBeNull();
    }
    for (const short of [0, 1, 12, 16, 20])
      expect(await seal.open(sealed.slice(0, short), 'here')).toBeNull();
    // The same is never sealed the same way twice.
    expect(await seal.seal(hi, 'here')).not.toEqual(sealed);
  });
}

test('the key is in the fragment, and half a fragment is none', () => {
  for (const way of ways) expect(keyFrom(fragmentOf({ way, bytes }))).toEqual({ way, bytes });
  const whole = fragmentOf({ way: 'a', bytes });
  for (const fragment of [
    '',
    '#',
    whole.slice(0, 20),
    whole.slice(0, -4),
    whole.replace('c=a', 'c=x'),
    '#k=!&c=a',
  ]) {
    expect(keyFrom(fragment)).toBeNull();
  }
});

test('a page that is not secure makes a room that all can read without WebCrypto', async () => {
  const page = (origin: string) => ({ randomBytes: random, page: { origin } }) as never;
  expect(newKey(page('https://a.example'), subtle).way).toBe('a');
  expect(newKey(page('https://a.example'), undefined).way).toBe('n');
  // Where it is made by localhost there is WebCrypto, and at those who get the link there is not.
  expect(newKey(page('http://localhost:1'), subtle).way).toBe('n');
  expect(await openSeal({ way: 'a', bytes }, { randomBytes: random }, undefined)).toBeNull();
  expect(await openSeal({ way: 'n', bytes }, { randomBytes: random }, undefined)).not.toBeNull();
});

test('lengths say little', () => {
  expect(padded(['a']).byteLength).toBe(128);
  expect(padded(['a'.repeat(100)]).byteLength).toBe(128);
  expect(padded(['a'.repeat(200)]).byteLength).toBe(256);
  expect(fromBase64('%')).toBeNull();
});

for (const way of ways) {
  test(`${way}: what was said is heard once, as the sender’s, in the sender’s lane`, async () => {
    const seal = await sealOf(way);
    const said: Envelope[] = [];
    const speech = (participant: string, lane: number, run: string) =>
      new Speech({
        seal,
        channel: 'presence-live-x',
        participant,
        lane,
        run,
        trigger: (one) => said.push(one),
      });
    const ann = speech('ann', 0, 'run1');
    await Promise.all([ann.say([['i', 1]]), ann.say([['i', 2]]), ann.say([['i', 3]])]);
    expect(said.map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(JSON.stringify(said)).not.toContain('"i"');
    const [one, two, three] = said as [Envelope, Envelope, Envelope];

    const bob = speech('bob', 1, 'run2');
    expect(await bob.hear('ann', 0, one)).toEqual({ run: 'run1', frames: [['i', 1]] });
    expect(await bob.hear('ann', 0, one)).toBeNull();
    // Later ones may come first, within bounds.
    expect(await bob.hear('ann', 0, three)).toMatchObject({ frames: [['i', 3]] });
    expect(await bob.hear('ann', 0, two)).toMatchObject({ frames: [['i', 2]] });
    expect(await bob.hear('ann', 0, two)).toBeNull();
    // Not in another lane, of somebody else, of another stay, on another channel, or under another number.
    const cleo = () => speech('cleo', 2, 'run3');
    expect(await cleo().hear('ann', 1, one)).toBe('unreadable');
    expect(await cleo().hear('eve', 0, one)).toBe('unreadable');
    expect(await cleo().hear('ann', 0, { ...one, r: 'run9' })).toBe('unreadable');
    expect(await cleo().hear('ann', 0, { ...one, n: 9 })).toBe('unreadable');
    const elsewhere = new Speech({
      seal,
      channel: 'presence-live-y',
      participant: 'c',
      lane: 2,
      run: 'r',
      trigger: () => {},
    });
    expect(await elsewhere.hear('ann', 0, one)).toBe('unreadable');
    // Nobody can use up the numbers of somebody else, and an earlier stay does not come back.
    expect(await bob.hear('ann', 0, { ...one, n: 1_000 })).toBe('unreadable');
    await ann.say([['i', 4]]);
    expect(await bob.hear('ann', 0, said[3])).toMatchObject({ frames: [['i', 4]] });
    const again = speech('ann', 0, 'run4');
    await again.say([['i', 5]]);
    expect(await bob.hear('ann', 0, said[4])).toMatchObject({ run: 'run4' });
    await ann.say([['i', 6]]);
    expect(await bob.hear('ann', 0, said[5])).toBeNull();
    for (const nothing of [
      null,
      {},
      'x',
      { r: 1, n: 1, x: '' },
      { r: 'r', n: 0, x: '' },
      { r: 'r', n: 1.5, x: '' },
    ])
      expect(await bob.hear('ann', 0, nothing)).toBeNull();
  });
}
