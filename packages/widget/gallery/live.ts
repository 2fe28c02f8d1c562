import { h, render } from 'preact';
import { attachInput } from '../src/live/input.ts';
import type { LiveActions, LiveState, LiveStore } from '../src/live/state.ts';
import { TextContext } from '../src/live/view/context.ts';
import { Room } from '../src/live/view/room.tsx';
import { loadLiveTexts } from '../src/live/view/texts/load.ts';
import { liveStates } from './live-states.ts';

/** A room's page in one state, with nothing behind it. */
const query = new URLSearchParams(location.search);
const name = query.get('state') ?? 'two';
let state = liveStates[name] as LiveState;
const listeners = new Set<() => void>();

function set(change: Partial<LiveState>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

const actions = new Proxy({} as LiveActions, {
  get: (_, action) => (value: string) =>
    action === 'type' ? value : action === 'takeFaded' ? state.input : undefined,
});
const store: LiveStore = {
  actions,
  state: () => state,
  subscribe(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  stop() {},
};

/** A picture that is made here. */
async function drawing(width: number, height: number): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const paper = canvas.getContext('2d') as CanvasRenderingContext2D;
  const sky = paper.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, '#e9b872');
  sky.addColorStop(0.6, '#90553f');
  sky.addColorStop(1, '#1f2a44');
  paper.fillStyle = sky;
  paper.fillRect(0, 0, width, height);
  paper.fillStyle = '#fff6e0';
  paper.arc(width * 0.7, height * 0.4, height * 0.1, 0, 7);
  paper.fill();
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob as Blob)));
}

async function show(): Promise<void> {
  const t = await loadLiveTexts([query.get('lang') ?? 'en']);
  document.documentElement.lang = t.locale;
  document.documentElement.dir = t.dir;
  if (name === 'pictures') {
    const [wide, tall] = await Promise.all([drawing(800, 500), drawing(400, 700)]);
    const { me, others } = state;
    set({
      me: me && { ...me, pictures: [{ key: 'a', blob: wide, width: 800, height: 500, opacity: 0.5 }] },
      others: others.map((one) => ({
        ...one,
        pictures: [
          { key: 'b', blob: wide, width: 800, height: 500, opacity: 1 },
          { key: 'c', blob: tall, width: 400, height: 700, opacity: 1 },
        ],
      })),
    });
  }
  const room = h(Room, { open: () => store, atOnce: true, attach: attachInput, home: '#', another: '#' });
  render(h(TextContext.Provider, { value: t }, room), document.getElementById('live') as HTMLElement);
  document.querySelector('textarea')?.setRangeText(state.input);
  Object.assign(globalThis, { live: { set, state: () => state } });
  document.documentElement.dataset.ready = '';
}

void show();
