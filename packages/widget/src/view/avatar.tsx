import type { Person } from '@earshot/chat/contract';
import { useState } from 'preact/hooks';
import { useFixed } from './context.ts';
import { Icon, type IconName } from './icons.tsx';

const voices = 8;

/** One of the eight colours of people: the same for one person everywhere, and for good. */
export function voiceOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return sum % voices;
}

/** The first letters of the first and the last word; whole characters, whatever the script. */
export function initialsOf(name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words[0] ?? name;
  const picked = words.length > 1 ? [first, words.at(-1) ?? ''] : [first];
  return picked
    .map((word) => [...word][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

/**
 * A picture, or initials on the person's colour. The name always stands beside it. `online`: a dot, for which a word must
 * stand beside it, too.
 */
export function Avatar({ person, online }: { person: Person; online?: boolean | undefined }) {
  const { options } = useFixed();
  const [broken, setBroken] = useState('');
  const picture = person.avatar !== null && person.avatar !== broken ? person.avatar : null;
  return (
    <span class={`avatar voice-${person.deleted ? 'none' : voiceOf(person.id)}`} aria-hidden="true">
      {picture === null ? (
        <span class="avatar-text">{person.deleted ? '' : initialsOf(person.name)}</span>
      ) : (
        <img
          class="avatar-picture"
          src={new URL(picture, options.apiOrigin).href}
          alt=""
          loading="lazy"
          decoding="async"
          referrerpolicy="no-referrer"
          onError={() => setBroken(picture)}
        />
      )}
      {online !== undefined && <span class={`presence presence-${online ? 'on' : 'off'}`} />}
    </span>
  );
}

/** Stands where a room has no face. */
export function RoomAvatar({ icon }: { icon: IconName }) {
  return (
    <span class="avatar avatar-room" aria-hidden="true">
      <Icon name={icon} />
    </span>
  );
}
