import type { Id } from '@earshot/chat/contract';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ConversationState } from '../store/state.ts';
import { Composer } from './composer.tsx';
import { useFixed, useSheet, useWidgetState } from './context.ts';
import { Face, useOnline } from './face.tsx';
import { activeIn, useMedia } from './hooks.ts';
import { lazy } from './lazy.tsx';
import { OnlineList } from './online-list.tsx';
import { Failure, IconButton } from './parts.tsx';
import { Name } from './person-parts.tsx';
import { ConnectionStrip } from './strip.tsx';
import { Timeline } from './timeline.tsx';
import { nameOf, titleOf } from './words.ts';

const ConversationMenu = lazy(async () => (await import('./rare/menus.tsx')).conversationMenu);

const LiveTyping = lazy(async () => (await import('./rare/live-typing.tsx')).liveTyping);

export interface ConversationViewProps {
  id: Id;
  /** There is room for who's online at the side. */
  wide?: boolean | undefined;
  onBack?: (() => void) | undefined;
  onLower?: (() => void) | undefined;
  onClose?: (() => void) | undefined;
}

export function ConversationView({ id, wide = false, onBack, onLower, onClose }: ConversationViewProps) {
  const state = useWidgetState().conversations.get(id);
  const { session, layout } = useWidgetState();
  const { t, actions, pop } = useFixed();
  const showSheet = useSheet();
  const box = useRef<HTMLDivElement>(null);
  const [people, setPeople] = useState(false);
  const [dragging, setDragging] = useState(false);
  const roomy = useMedia('(min-width: 64rem)') && wide;
  const focused = layout.focused === id;
  const files = useFilesAllowed();

  useLayoutEffect(() => {
    const node = box.current;
    if (!focused || node === null || node.contains(activeIn(node))) return;
    node.querySelector<HTMLElement>('[data-autofocus]')?.focus({ preventScroll: true });
  }, [focused, state === undefined]);

  if (state === undefined || session.phase !== 'in') return null;
  const { conversation, online, typing, problem, removed } = state;
  const { me } = session;
  const title = titleOf(t, conversation);
  const isRoom = conversation.kind === 'room';
  const openMenu = (event: MouseEvent) => {
    const anchor = event.currentTarget as HTMLElement;
    pop(
      <ConversationMenu
        anchor={anchor}
        onClose={() => pop(null)}
        state={state}
        me={me}
        showSheet={showSheet}
      />,
    );
  };
  const listed = isRoom && (roomy || people);

  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setDragging(false);
    const dropped = [...(event.dataTransfer?.files ?? [])];
    if (files && dropped.length > 0) actions.addFiles(id, dropped);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files may be dropped anywhere on it; the button does the same.
    <div
      class={listed && roomy ? 'conversation conversation-wide' : 'conversation'}
      ref={box}
      onDragOver={(event) => {
        if (!files || !event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setDragging(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node) || !box.current?.contains(event.relatedTarget))
          setDragging(false);
      }}
      onDrop={onDrop}
    >
      <header class="header" part="header">
        {onBack && <IconButton icon="back" label={t('back')} class="arrow" onClick={onBack} />}
        <Face state={state} />
        <div class="header-words header-grow">
          <h2 class="header-title">
            {conversation.with === null ? (
              <bdi class="name-text">{title}</bdi>
            ) : (
              <Name person={conversation.with} />
            )}
          </h2>
          <Subline state={state} />
        </div>
        {isRoom && !roomy && (
          <button
            type="button"
            class="count-button"
            aria-expanded={people}
            aria-label={`${t('whoIsOnline')}, ${t('peopleHere', { n: online.count })}`}
            title={t('whoIsOnline')}
            onClick={() => setPeople(!people)}
          >
            <PeopleCount known={online.known} count={online.count} />
          </button>
        )}
        <IconButton icon="more" label={t('moreOf', { title })} popup="menu" onClick={openMenu} />
        {onLower && <IconButton icon="down" label={t('lower', { title })} onClick={onLower} />}
        {onClose && (
          <IconButton
            icon="close"
            label={onLower ? t('closePanel', { title }) : t('closeChat')}
            onClick={onClose}
          />
        )}
      </header>
      <ConnectionStrip />
      {problem !== null && removed === null ? (
        <Failure problem={problem} onRetry={actions.retry} />
      ) : (
        <div class="conversation-body">
          <div class="conversation-main" inert={listed && !roomy}>
            <Timeline state={state} me={me} title={title} />
            {state.live !== undefined && state.live.phase !== 'off' && <LiveTyping state={state} />}
            <Typing typing={state.live?.phase === 'on' ? [] : typing} />
            <Composer state={state} me={me} title={title} files={files} />
          </div>
          {listed && (
            <OnlineList state={state} me={me} onClose={roomy ? undefined : () => setPeople(false)} />
          )}
        </div>
      )}
      {dragging && <div class="drop">{t('dropHere')}</div>}
    </div>
  );
}

function PeopleCount({ known, count }: { known: boolean; count: number }): VNode {
  const { t } = useFixed();
  return (
    <>
      <span class={known ? 'presence presence-on' : 'presence presence-off'} aria-hidden="true" />
      <span aria-hidden="true">{known ? t.number(count) : '–'}</span>
    </>
  );
}

/** Under the title: whether the other one is there, or what the room is about. */
function Subline({ state: { conversation, online } }: { state: ConversationState }) {
  const { t } = useFixed();
  const contact = useOnline(conversation.with?.id);
  if (conversation.kind === 'room') {
    const words = conversation.topic || (online.known ? t('peopleHere', { n: online.count }) : '');
    return words === '' ? null : (
      <p class="header-line" dir="auto" title={words}>
        {words}
      </p>
    );
  }
  const here = online.members.some(({ id }) => id === conversation.with?.id);
  const known = here || contact;
  return known === undefined ? null : <p class="header-line">{t(known ? 'online' : 'offline')}</p>;
}

/** Whether I may send files here: the app's rule, and a stricter one for guests. */
function useFilesAllowed(): boolean {
  const { config, session } = useWidgetState();
  if (config.phase !== 'ready' || config.value.files === null || session.phase !== 'in') return false;
  return session.me.kind === 'user' || config.value.files.guests;
}

/** Its room is kept, so that nothing moves when somebody begins to type. */
function Typing({ typing }: { typing: ConversationState['typing'] }) {
  const { t } = useFixed();
  const [first, second] = typing;
  return (
    <div class="typing">
      {first && (
        <>
          <span class="typing-dots" aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
          <span class="typing-words">
            {typing.length === 1
              ? t('typingOne', { name: nameOf(t, first) })
              : typing.length === 2 && second
                ? t('typingTwo', { name: nameOf(t, first), other: nameOf(t, second) })
                : t('typingMany')}
          </span>
        </>
      )}
    </div>
  );
}
