import type { Person } from '../lines.ts';

/** Initials on the person's colour. The name always stands beside it. */
export function Avatar({ person }: { person: Person }) {
  const initials = person.name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('');
  return (
    <span class={`avatar voice-${person.colour}`} aria-hidden="true">
      {initials}
    </span>
  );
}
