import { Mark } from '@earshot/ui';
import { type Session, tryChannel } from '../contract.ts';
import type { Person } from '../lines.ts';
import type { LiveState } from '../live.ts';
import { Composer } from './composer.tsx';
import { Lines } from './lines.tsx';
import { Avatar } from './person.tsx';

export interface RoomProps {
  state: LiveState;
  session: Session;
  say: (text: string) => boolean;
}

/** Who else looks at this page, what they say, and what is published. */
export function Room({ state, session, say }: RoomProps) {
  return (
    <section class="card room" aria-labelledby="room-title">
      <div class="room-head">
        <h2 id="room-title">Within earshot</h2>
        {session.demo && <People state={state} />}
      </div>
      <Lines lines={state.lines} empty={<Empty state={state} session={session} />} />
      <div class="room-foot">
        {session.demo ? (
          <Composer state={state} app={session.app} say={say} />
        ) : (
          <p class="hint">
            The try-out with other windows is switched off here (EARSHOT_HOME_DEMO=false). What is published
            to <code>{tryChannel}</code> still shows.
          </p>
        )}
      </div>
    </section>
  );
}

const peopleShown = 8;

function People({ state }: { state: LiveState }) {
  const { people, me } = state;
  if (people === null) {
    return <p class="hint">{state.phase === 'connected' ? 'Joining…' : 'Waiting for the connection…'}</p>;
  }
  const ordered = [...people].sort((a, b) => Number(b.id === me?.id) - Number(a.id === me?.id));
  const more = ordered.length - peopleShown;
  return (
    <ul class="people" aria-label="People who look at this page">
      {ordered.slice(0, peopleShown).map((person) => (
        <Chip key={person.id} person={person} you={person.id === me?.id} />
      ))}
      {more > 0 && <li class="chip chip-more">+{new Intl.NumberFormat().format(more)} more</li>}
    </ul>
  );
}

function Chip({ person, you }: { person: Person; you: boolean }) {
  return (
    <li class="chip">
      <Avatar person={person} />
      <bdi>{person.name}</bdi>
      {you && <span class="you">you</span>}
    </li>
  );
}

function Empty({ state, session }: { state: LiveState; session: Session }) {
  const { title, text, alone } = emptyWords(state, session);
  return (
    <div class="empty">
      <Mark />
      <p class="empty-title">{title}</p>
      <p>{text}</p>
      {alone && (
        <a class="button" href={location.pathname} target="_blank" rel="noopener">
          Open a second window
        </a>
      )}
    </div>
  );
}

function emptyWords({ people }: LiveState, { demo, app }: Session) {
  const curl = 'paste the curl line into a terminal';
  if (!demo) {
    return { title: 'Nothing was published yet', text: `To hear something, ${curl}.`, alone: false };
  }
  if (people === null) {
    const text = 'Once this page is connected, you see here who else looks at it and what they say.';
    return { title: 'Nothing to hear yet', text, alone: false };
  }
  const talk = app.clientEvents ? ', and a line said in one appears in both' : '';
  if (people.length < 2) {
    const text = `Open this page in a second window: it shows up here${talk}.`;
    return { title: 'Nobody else is here yet', text, alone: true };
  }
  const say = app.clientEvents ? 'Say something below, or' : 'To hear something,';
  return { title: 'Nothing was said yet', text: `${say} ${curl}.`, alone: false };
}
