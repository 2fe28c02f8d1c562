import type { ComponentChildren } from 'preact';
import type { LivePerson } from '../state.ts';
import { useT } from './context.ts';
import { LiveIcon } from './icons.tsx';
import { Letters } from './letters.tsx';
import { bandClass, colourClass, personName } from './people.ts';
import { Pictures } from './pictures.tsx';

/** Number, band and name say whose lane it is; colour is one more sign, never the only one. */
export function LaneHead({
  person,
  name,
  children,
}: {
  person: LivePerson;
  name: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <div class="lane-head">
      <span class={`lane-number ${colourClass(person.colour)}`} aria-hidden="true">
        {person.lane + 1}
      </span>
      {name}
      {children}
    </div>
  );
}

export function Band({ person }: { person: LivePerson }) {
  return <span class={`${bandClass(person.lane)} ${colourClass(person.colour)}`} aria-hidden="true" />;
}

/** Somebody else, and what they are typing. `scrolls`: text stays here, so there may be more than fits. */
export function Lane({ person, scrolls }: { person: LivePerson; scrolls: boolean }) {
  const t = useT();
  const name = personName(t, person);
  return (
    <section
      class={`lane lane-${person.presence}`}
      aria-label={t('laneOf', { name, n: person.lane + 1 })}
      data-person={person.id}
    >
      <Band person={person} />
      <LaneHead
        person={person}
        name={
          <h2 class="lane-name">
            <bdi>{name}</bdi>
          </h2>
        }
      >
        <LaneWord person={person} />
      </LaneHead>
      <Pictures pictures={person.pictures} name={name} />
      <div class={scrolls ? 'lane-text lane-scrolls' : 'lane-text'} tabIndex={scrolls ? 0 : undefined}>
        <Letters letters={person.text} />
      </div>
    </section>
  );
}

/** What is to be known about somebody: a word and a shape. */
function LaneWord({ person: { presence, unreadable, healing } }: { person: LivePerson }) {
  const t = useT();
  if (presence === 'gone') {
    return (
      <span class="lane-word">
        <LiveIcon name="leave" />
        <span class="lane-word-text">{t('gone')}</span>
      </span>
    );
  }
  if (unreadable) {
    return (
      <span class="lane-word lane-warn">
        <LiveIcon name="alert" />
        <span class="lane-word-text">{t('unreadable')}</span>
      </span>
    );
  }
  if (presence === 'away') {
    return (
      <span class="lane-word">
        <LiveIcon name="away" />
        <span class="lane-word-text">{t('away')}</span>
      </span>
    );
  }
  if (!healing) return null;
  return (
    <span class="lane-word">
      <span class="lane-word-text">{t('healing')}</span>
    </span>
  );
}
