import { useEffect, useRef, useState } from 'preact/hooks';
import type { LivePerson } from '../state.ts';
import { personName } from './people.ts';
import type { LiveTextKey } from './texts/en.ts';
import type { LiveTranslator } from './texts/load.ts';

/** Long enough to be read, short enough not to be in the way; the style sheet fades it meanwhile. */
const newsMs = 4_000;

/** A word about who came, went or looks elsewhere; it fades away. */
export interface News {
  readonly key: number;
  readonly text: string;
}

/** What is new about the others. Who was there before me is no news. */
export function useNews(t: LiveTranslator, others: readonly LivePerson[], isOpen: boolean): readonly News[] {
  const before = useRef<ReadonlyMap<string, LivePerson['presence']> | null>(null);
  const count = useRef(0);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  const [news, setNews] = useState<readonly News[]>([]);

  useEffect(() => {
    if (!isOpen) return;
    const known = before.current;
    // A name that has not come yet comes in a moment; who came in is said then.
    const named = others.filter(({ id, name }) => name !== null || known?.has(id));
    before.current = new Map(named.map(({ id, presence }) => [id, presence]));
    if (known === null) return;
    for (const person of named) {
      const key = wordOf(known.get(person.id), person.presence);
      if (key === null) continue;
      const one = { key: ++count.current, text: t(key, { name: personName(t, person) }) };
      setNews((all) => [...all.slice(-2), one]);
      const timer = setTimeout(() => {
        timers.current.delete(timer);
        setNews((all) => all.filter((other) => other !== one));
      }, newsMs);
      timers.current.add(timer);
    }
  }, [others, isOpen]);
  useEffect(
    () => () => {
      for (const timer of timers.current) clearTimeout(timer);
    },
    [],
  );
  return news;
}

function wordOf(before: LivePerson['presence'] | undefined, now: LivePerson['presence']): LiveTextKey | null {
  if (before === now) return null;
  if (now === 'gone') return before === undefined ? null : 'hasLeft';
  if (now === 'away') return 'wentAway';
  return before === 'away' ? 'cameBack' : 'cameIn';
}
