import { type Chunk, later } from './lazy.tsx';

type Inside = typeof import('./inside.ts');
let loadedInside: Inside | null = null;

/** What is for those who are signed in. The realtime client is fetched beside it, in place of after it. */
export async function loadInside(): Promise<Inside> {
  import('../client/pusher.ts').catch(() => {}); // what needs it says so
  loadedInside = await import('./inside.ts');
  return loadedInside;
}

/** A view of `inside.ts`: drawn at once where that is loaded. */
export function inside<Props extends object>(pick: (from: Inside) => Chunk<Props>) {
  return later(
    async () => pick(await loadInside()),
    () => loadedInside && pick(loadedInside),
    false,
  );
}
