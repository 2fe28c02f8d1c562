import './icons.ts';
import type { Me, Message, Person, Role } from '@earshot/chat/contract';
import type { VNode } from 'preact';
import type { ConversationState } from '../../store/state.ts';
import css from '../../styles/rare.css' with { type: 'text' };
import { useFixed } from '../context.ts';
import { activeIn } from '../hooks.ts';
import { Icon, type IconName } from '../icons.tsx';
import { type Chunk, lazy } from '../lazy.tsx';
import { nameOf, titleOf } from '../words.ts';
import { copy } from './copy.ts';
import { Popover } from './popover.tsx';
import { Confirm, ReportForm, RoomSettings, Sanction } from './sheets.tsx';
import { useMore } from './use-more.ts';

const RoomRecords = lazy(async () => (await import('./room-records.tsx')).roomRecords);

type ShowSheet = (sheet: VNode | null) => void;

interface MenuItem {
  icon: IconName;
  label: string;
  act: () => void;
  danger?: boolean;
  /** Of one choice among several: whether it is the one. */
  checked?: boolean;
  /** A line above it. */
  apart?: boolean;
}

interface MenuProps {
  anchor: HTMLElement;
  onClose: () => void;
  label: string;
  items: readonly (MenuItem | false)[];
}

/** A menu as in the ARIA practices: arrows, Home, End and first letters move; Escape and Tab leave. */
function Menu({ anchor, onClose, label, items }: MenuProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    const box = event.currentTarget as HTMLElement;
    const buttons = [...box.querySelectorAll<HTMLElement>('button')];
    const at = buttons.indexOf(activeIn(box) as HTMLElement);
    const next: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const letter = event.key.length === 1 ? event.key.toLocaleLowerCase() : null;
    const to =
      next[event.key] ??
      (letter === null
        ? undefined
        : buttons.findIndex(
            (button, index) =>
              index > at && button.textContent?.trim().toLocaleLowerCase().startsWith(letter),
          ));
    if (to === undefined) return;
    event.preventDefault();
    buttons.at(to % buttons.length)?.focus();
  };
  return (
    <Popover anchor={anchor} onClose={onClose} role="menu" label={label} class="menu" onKeyDown={onKeyDown}>
      {items.map(
        (item) =>
          item && (
            // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it is checked only where the role is menuitemradio.
            <button
              key={item.label}
              type="button"
              class={`menu-item ${item.danger ? 'menu-danger' : ''} ${item.apart ? 'menu-apart' : ''}`}
              role={item.checked === undefined ? 'menuitem' : 'menuitemradio'}
              aria-checked={item.checked}
              tabIndex={-1}
              onClick={() => {
                // Where the keyboard goes back to, also after the dialog that may follow.
                anchor.focus({ preventScroll: true });
                onClose();
                item.act();
              }}
            >
              <Icon name={item.icon} />
              <span class="menu-words">{item.label}</span>
              {item.checked && <Icon name="check" />}
            </button>
          ),
      )}
    </Popover>
  );
}

const mayModerate = (state: ConversationState, me: Me) =>
  me.moderator || state.conversation.me.role !== 'member';

interface MessageMenuProps {
  anchor: HTMLElement;
  onClose: () => void;
  message: Message;
  state: ConversationState;
  me: Me;
  showSheet: ShowSheet;
}

function MessageMenu({ anchor, onClose, message, state, me, showSheet }: MessageMenuProps) {
  const t = useMore();
  const { actions } = useFixed();
  const { conversation } = state;
  const mine = message.author.id === me.id;
  const moderates = conversation.kind === 'room' && mayModerate(state, me);
  const remove = () =>
    showSheet(
      <Confirm
        title={t('deleteTitle')}
        text={t('deleteText')}
        label={t('delete')}
        onConfirm={() => void actions.deleteMessage(conversation.id, message.seq)}
      />,
    );
  return (
    <Menu
      anchor={anchor}
      onClose={onClose}
      label={t('messageActions')}
      items={[
        mine &&
          message.kind === 'text' &&
          conversation.writable && {
            icon: 'edit',
            label: t('edit'),
            act: () => actions.startEdit(conversation.id, message),
          },
        message.text !== '' && {
          icon: 'copy',
          label: t('copyText'),
          act: () => copy(actions, message.text),
        },
        (mine || moderates) && { icon: 'trash', label: t('delete'), act: remove, danger: true, apart: true },
        !mine && {
          icon: 'flag',
          label: t('reportMessage'),
          apart: !moderates,
          act: () =>
            showSheet(
              <ReportForm person={message.author} conversation={conversation.id} seq={message.seq} />,
            ),
        },
        !mine && {
          icon: 'block',
          label: t('block', { name: nameOf(t, message.author) }),
          act: () => showSheet(<BlockSheet person={message.author} />),
          danger: true,
        },
      ]}
    />
  );
}

function BlockSheet({ person }: { person: Person }) {
  const t = useMore();
  const { actions } = useFixed();
  const name = nameOf(t, person);
  return (
    <Confirm
      title={t('blockTitle', { name })}
      text={t('blockText', { name })}
      label={t('blockDo')}
      onConfirm={() => void actions.block(person.id)}
    />
  );
}

interface PersonMenuProps {
  anchor: HTMLElement;
  onClose: () => void;
  person: Person;
  role: Role;
  state: ConversationState;
  me: Me;
  showSheet: ShowSheet;
  label: string;
}

function PersonMenu({ anchor, onClose, person, role, state, me, showSheet, label }: PersonMenuProps) {
  const t = useMore();
  const { actions } = useFixed();
  const { id, me: mine } = state.conversation;
  const owns = mine.role === 'owner' || me.moderator;
  const moderates = mayModerate(state, me) && (role === 'member' || owns) && role !== 'owner';
  return (
    <Menu
      anchor={anchor}
      onClose={onClose}
      label={t('personMenu', { name: label })}
      items={[
        {
          icon: 'chat',
          label: t('talkTo', { name: label }),
          act: () => void actions.startConversation(person.id),
        },
        moderates && {
          icon: 'mute',
          label: t('mute'),
          apart: true,
          act: () => showSheet(<Sanction act="mute" person={person} conversation={id} />),
        },
        moderates && {
          icon: 'check',
          label: t('unmute'),
          act: () => void actions.moderate(id, 'unmute', person.id, null),
        },
        moderates && {
          icon: 'door',
          label: t('kick'),
          act: () => void actions.moderate(id, 'kick', person.id, null),
          danger: true,
        },
        moderates && {
          icon: 'block',
          label: t('ban'),
          act: () => showSheet(<Sanction act="ban" person={person} conversation={id} />),
          danger: true,
        },
        owns &&
          role !== 'owner' && {
            icon: 'verified',
            label: t(role === 'moderator' ? 'makeMember' : 'makeModerator'),
            act: () => void actions.setRole(id, person.id, role === 'moderator' ? 'member' : 'moderator'),
          },
        {
          icon: 'flag',
          label: t('reportPerson', { name: label }),
          apart: true,
          act: () => showSheet(<ReportForm person={person} conversation={id} seq={null} />),
        },
        {
          icon: 'block',
          label: t('block', { name: label }),
          act: () => showSheet(<BlockSheet person={person} />),
          danger: true,
        },
      ]}
    />
  );
}

interface ConversationMenuProps {
  anchor: HTMLElement;
  onClose: () => void;
  state: ConversationState;
  me: Me;
  showSheet: ShowSheet;
}

function ConversationMenu({ anchor, onClose, state, me, showSheet }: ConversationMenuProps) {
  const t = useMore();
  const { actions } = useFixed();
  const { conversation } = state;
  const { id, with: other, me: mine } = conversation;
  const title = titleOf(t, conversation);
  const isLive = state.live !== undefined && state.live.phase !== 'off';
  // Both have to have it open: what is typed live is not kept for later.
  const isThere = state.online.members.some((member) => member.id === other?.id);
  const canTypeLive = other !== null && conversation.writable && (isLive || isThere);
  const notify = (value: typeof mine.notify, icon: IconName, label: string): MenuItem => ({
    icon,
    label,
    checked: mine.notify === value,
    act: () => void actions.setNotify(id, value),
  });
  const leave = () =>
    showSheet(
      <Confirm
        title={t('leaveTitle', { title })}
        text={t('leaveText')}
        label={t('leaveRoom')}
        onConfirm={() => void actions.leaveConversation(id)}
      />,
    );
  const forget = () =>
    other &&
    showSheet(
      <Confirm
        title={t('removeContactTitle', { name: title })}
        text={t('removeContactText')}
        label={t('removeContact')}
        onConfirm={() => void actions.removeContact(other.id)}
      />,
    );
  return (
    <Menu
      anchor={anchor}
      onClose={onClose}
      label={t('conversationMenu')}
      items={[
        notify('all', 'bell', t('notifyAll')),
        conversation.kind === 'room' && notify('mentions', 'bell', t('notifyMentions')),
        notify('none', 'mute', t('notifyNone')),
        conversation.kind === 'room' &&
          mayModerate(state, me) && {
            icon: 'settings',
            label: t('roomSettings'),
            apart: true,
            act: () => showSheet(<RoomSettings conversation={conversation} />),
          },
        conversation.kind === 'room' &&
          mayModerate(state, me) && {
            icon: 'block',
            label: t('roomPeople'),
            act: () => showSheet(<RoomRecords conversation={conversation} />),
          },
        conversation.kind === 'room' && {
          icon: 'door',
          label: t('leaveRoom'),
          act: leave,
          apart: !mayModerate(state, me),
          danger: true,
        },
        canTypeLive && {
          icon: 'edit',
          label: t(isLive ? 'liveEnd' : 'liveStart'),
          act: () => (isLive ? actions.endLive(id) : actions.startLive(id)),
          apart: true,
        },
        other !== null && { icon: 'trash', label: t('removeContact'), act: forget, apart: true },
        other !== null && {
          icon: 'flag',
          label: t('reportPerson', { name: title }),
          act: () => showSheet(<ReportForm person={other} conversation={id} seq={null} />),
        },
        other !== null && {
          icon: 'block',
          label: t('block', { name: title }),
          act: () => showSheet(<BlockSheet person={other} />),
          danger: true,
        },
      ]}
    />
  );
}

export const messageMenu: Chunk<MessageMenuProps> = { view: MessageMenu, css };
export const personMenu: Chunk<PersonMenuProps> = { view: PersonMenu, css };
export const conversationMenu: Chunk<ConversationMenuProps> = { view: ConversationMenu, css };
