import type { Person } from '@earshot/chat/contract';
import { useFixed } from './context.ts';
import { Icon } from './icons.tsx';
import { nameOf } from './words.ts';

/** A person's name with the marks that say who vouches for it. */
export function Name({ person }: { person: Person }) {
  const { t } = useFixed();
  return (
    <span class="name">
      <bdi class="name-text">{nameOf(t, person)}</bdi>
      {person.verified && (
        <span class="mark-verified" role="img" aria-label={t('verifiedMark')} title={t('verifiedMark')}>
          <Icon name="verified" />
        </span>
      )}
      {person.kind === 'guest' && !person.deleted && (
        <span class="mark-guest" title={t('guestMark')}>
          {t('guest')}
        </span>
      )}
    </span>
  );
}

/** A count on what it counts. The number is for the eye, the words for the ear. */
export function Badge({ count, words, kind }: { count: number; words: string; kind?: 'mention' }) {
  const { t } = useFixed();
  if (count === 0) return null;
  return (
    <span class={kind === 'mention' ? 'badge badge-mention' : 'badge'}>
      <span aria-hidden="true">
        {kind === 'mention' && '@'}
        {count > 99 ? `${t.number(99)}+` : t.number(count)}
      </span>
      <span class="visually-hidden">{words}</span>
    </span>
  );
}
