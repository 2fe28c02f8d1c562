import { type ComponentChild, h, render } from 'preact';
import { browserEnv } from '../../client/browser-env.ts';
import type { Problem } from '../../store/problem.ts';
import { TextContext } from '../view/context.ts';
import { loadLiveTexts } from '../view/texts/load.ts';

/**
 * The pages of live rooms. Which one it is, is said by the server. A page of a room needs another part of the code than
 * the one that starts a room.
 */
const { at = 'start', app = '', up = '', people = '0' } = document.documentElement.dataset;
const address = (path: string) => new URL(up + path, location.href.split('#')[0]).href;
const base = address('chat/api/v1');
const query = app === '' ? '' : `?app=${encodeURIComponent(app)}`;
const home = address(`live${query}`);
const another = address(`live/new${query}`);

async function pageOf(place: string): Promise<ComponentChild> {
  if (place === 'room') {
    const [{ openLive }, { readName }, { keyFrom }, { attachInput }, { Room }] = await Promise.all([
      import('../session.ts'),
      import('../kept.ts'),
      import('../seal.ts'),
      import('../input.ts'),
      import('../view/room.tsx'),
    ]);
    const env = browserEnv();
    const { hash } = location;
    const room = decodeURIComponent(location.pathname.split('/').pop() ?? '');
    const open = () => openLive({ env, base, room, fragment: hash });
    const atOnce = readName(env.tab()) !== null || keyFrom(hash) === null;
    // Another key is another conversation.
    addEventListener('hashchange', () => location.reload());
    return h(Room, { open, atOnce, attach: attachInput, home, another });
  }
  const [{ createStartLive }, { Gone, Start, StartNow }] = await Promise.all([
    import('../session.ts'),
    import('../view/start.tsx'),
  ]);
  const start = createStartLive(browserEnv(), base, app === '' ? undefined : app);
  const enter = (room: string, fragment: string) => address(`live/${room}`) + fragment;
  if (place === 'new') {
    // Who goes back does not start another one.
    const go = (room: string, fragment: string) => location.replace(enter(room, fragment));
    return h(StartNow, { start, go, home });
  }
  if (place === 'start') {
    const go = (room: string, fragment: string) => location.assign(enter(room, fragment));
    const most = Number(people);
    const closed: Problem | null = most > 0 ? null : { code: app === '' ? 'chat_off' : 'forbidden' };
    return h(Start, { start, go, people: most, closed });
  }
  return h(Gone, { another });
}

async function open(): Promise<void> {
  const [t, page] = await Promise.all([loadLiveTexts(navigator.languages), pageOf(at)]);
  document.documentElement.lang = t.locale;
  document.documentElement.dir = t.dir;
  document.title = t(at === 'start' ? 'liveRooms' : 'liveRoom');
  const box = document.getElementById('live') as HTMLElement;
  box.replaceChildren();
  render(h(TextContext.Provider, { value: t }, page), box);
}

void open();
