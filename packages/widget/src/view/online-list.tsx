import type { Me, Person, Role } from '@earshot/chat/contract';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ConversationState } from '../store/state.ts';
import { Avatar } from './avatar.tsx';
import { useFixed, useSheet } from './context.ts';
import { lazy } from './lazy.tsx';
import { IconButton } from './parts.tsx';
import { Name } from './person-parts.tsx';
import { nameOf } from './words.ts';

const PersonMenu = lazy(async () => (await import('./rare/menus.tsx')).personMenu);

export interface OnlineListProps {
  state: ConversationState;
  me: Me;
  /** Absent where it stands at the side for good. */
  onClose: (() => void) | undefined;
}

/** Who has the room open: moderators first, with their marks; a click on a person says what can be done. */
export function OnlineList({ state, me, onClose }: OnlineListProps) {
  const { t } = useFixed();
  const { members, count, known } = state.online;
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (onClose) box.current?.focus();
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || onClose === undefined) return;
    event.preventDefault();
    onClose();
  };
  return (
    <aside class="online" aria-label={t('whoIsOnline')} tabIndex={-1} ref={box} onKeyDown={onKeyDown}>
      <div class="online-head">
        <h3 class="section-title">
          {t('whoIsOnline')}
          {known && <span class="section-count">{t.number(count)}</span>}
        </h3>
        {onClose && <IconButton icon="close" label={t('close')} onClick={onClose} />}
      </div>
      <ul class="online-list">
        {members.map((member) => (
          <Member key={member.id} member={member} state={state} me={me} />
        ))}
      </ul>
      {count > members.length && (
        <p class="hint online-more">{t('andMoreOnline', { n: count - members.length })}</p>
      )}
    </aside>
  );
}

function Member({
  member,
  state,
  me,
}: {
  member: Person & { role: Role };
  state: ConversationState;
  me: Me;
}) {
  const { t, pop } = useFixed();
  const showSheet = useSheet();
  const self = member.id === me.id;
  const words = (
    <>
      <Avatar person={member} online />
      <span class="member-name">
        <Name person={member} />
      </span>
      {member.role !== 'member' && <span class="role">{t(member.role)}</span>}
      {self && <span class="role role-you">{t('you')}</span>}
    </>
  );
  if (self) return <li class="member">{words}</li>;
  return (
    <li>
      <button
        type="button"
        class="member member-button"
        aria-haspopup="menu"
        onClick={(event) =>
          pop(
            <PersonMenu
              anchor={event.currentTarget}
              onClose={() => pop(null)}
              person={member}
              role={member.role}
              state={state}
              me={me}
              showSheet={showSheet}
              label={nameOf(t, member)}
            />,
          )
        }
      >
        {words}
      </button>
    </li>
  );
}
