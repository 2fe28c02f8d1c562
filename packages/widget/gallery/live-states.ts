import type { LiveGrapheme, LivePerson, LiveState } from '../src/live/state.ts';

/** What people say, each letter as far gone as it would be. `fading`: how many letters at its beginning fade. */
export function letters(text: string, fading = 0, from = 0): LiveGrapheme[] {
  return [...new Intl.Segmenter().segment(text)].map(({ segment }, index) => ({
    key: from + index + 1,
    text: segment,
    opacity: index >= fading ? 1 : Math.max(0.1, Math.round((index / fading) * 10) / 10),
  }));
}

export function person(
  lane: number,
  name: string | null,
  text: LiveGrapheme[] = [],
  more: Partial<LivePerson> = {},
): LivePerson {
  return {
    id: `person-${lane}`,
    lane,
    colour: lane,
    name,
    presence: 'here',
    text,
    pictures: [],
    unreadable: false,
    healing: false,
    ...more,
  };
}

const open: LiveState = {
  phase: 'open',
  problem: null,
  connection: 'online',
  retryAt: null,
  slowTransport: false,
  room: { noTakeBacks: false, fadeSeconds: 2.5, expiresAt: Date.now() + 86_400_000, limit: 8 },
  name: 'Ben',
  me: person(1, 'Ben', letters('almost, I can see the lighthouse', 9)),
  others: [person(0, 'Ines', letters('oh! then look to the left', 6))],
  fade: { mode: 'normal', held: false, reduced: false },
  input: 'almost, I can see the lighthouse',
  door: null,
  phrases: [],
  sending: [],
};

const outside: LiveState = { ...open, phase: 'entering', room: null, me: null, others: [], input: '' };
const silent = { ...open, me: person(1, 'Ben'), input: '' };

const crowd = [
  person(0, 'Ines', letters('who brings the bread?', 5)),
  person(
    2,
    'Maximiliane von Hohenstaufen-Liechtenstein',
    letters('me! and the olives, if the shop at the corner is open', 12),
  ),
  person(3, 'Tomás', letters('no shop today', 2), { presence: 'away' }),
  person(4, '', letters('👩‍👩‍👧‍👦 we are five')),
  person(5, 'Yuki', letters('パンは私が持っていきます')),
  person(6, 'Noor', letters('أنا أحضر الماء والعصير'), { healing: true }),
  person(7, 'Al', letters('ok'), { presence: 'gone' }),
];

/** Every state of a room's page. */
export const liveStates: Record<string, LiveState> = {
  two: open,
  long: {
    ...open,
    others: [
      person(
        0,
        'Ines',
        letters(
          'I walked along the harbour for an hour and then it began to rain so I sat down in the café with the blue door and waited, and there was nobody else but an old man with a parrot',
          20,
        ),
      ),
    ],
    me: person(
      1,
      'Ben',
      letters(
        'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenhersteller is a word that does not fit',
        4,
      ),
    ),
    input: 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenhersteller is a word that does not fit',
  },
  silent: { ...silent, others: [person(0, 'Ines')] },
  alone: { ...silent, others: [] },
  three: { ...open, others: crowd.slice(0, 2) },
  four: { ...open, others: crowd.slice(0, 3) },
  six: { ...open, others: crowd.slice(0, 5) },
  eight: { ...open, others: crowd },
  away: { ...open, others: [person(0, 'Ines', letters('one moment'), { presence: 'away' })] },
  left: { ...open, others: [person(0, 'Ines', [], { presence: 'gone' })] },
  unreadable: { ...silent, others: [person(0, 'Ines', [], { unreadable: true })] },
  held: { ...open, fade: { mode: 'normal', held: true, reduced: false } },
  stays: { ...open, fade: { mode: 'off', held: false, reduced: false } },
  'no-take-backs': { ...open, room: { noTakeBacks: true, fadeSeconds: 5, expiresAt: 0, limit: 8 } },
  waiting: { ...open, door: { came: 2, refused: 1, waiting: true } },
  refused: { ...open, door: { came: 2, refused: 3, waiting: false } },
  reconnecting: { ...open, connection: 'reconnecting', retryAt: Date.now() + 9_000 },
  offline: { ...open, connection: 'offline' },
  slow: { ...open, slowTransport: true },
  sending: {
    ...open,
    sending: [
      { key: 'a', problem: null },
      { key: 'b', problem: { code: 'network' } },
    ],
  },
  pictures: open,
  name: { ...outside, name: null },
  entering: outside,
  full: { ...outside, phase: 'full' },
  gone: { ...outside, phase: 'gone' },
  'no-key': { ...outside, phase: 'no_key' },
  away_from: { ...outside, phase: 'left' },
  retrying: { ...outside, phase: 'retrying', problem: { code: 'network' }, retryAt: Date.now() + 7_000 },
  failed: { ...outside, phase: 'failed', problem: { code: 'unsupported' } },
};
