import { useEffect, useRef, useState } from 'preact/hooks';
import { useMedia, useSecondsUntil } from '../../view/hooks.ts';
import type { LiveState, LiveStore } from '../state.ts';
import { ActionsContext, useT } from './context.ts';
import { CopyLink } from './copy-link.tsx';
import { encodePicture, picturesIn } from './encode.ts';
import { Lane } from './lane.tsx';
import { type AttachInput, Mine } from './mine.tsx';
import { ConnectionStrip, Door, NewsWords, Phrases } from './notices.tsx';
import { problemWords } from './problem.ts';
import { Profile, type ProfileProps } from './profile.tsx';
import { Stage } from './stage.tsx';
import type { LiveTextKey } from './texts/en.ts';
import { Top } from './top.tsx';

export interface RoomProps {
  /** Enters. */
  open: () => LiveStore;
  /** There is nobody to ask for a name first: one is known, or the address leads nowhere. */
  atOnce: boolean;
  attach: AttachInput;
  /** Addresses of the pages `/live` and `/live/new`. */
  home: string;
  another: string;
}

/** The page of a room. Who has to say a name first has no lane meanwhile, and is seen by nobody. */
export function Room({ open, atOnce, attach, home, another }: RoomProps) {
  const [live, setLive] = useState(() => (atOnce ? open() : null));
  if (live !== null) return <Entered live={live} attach={attach} home={home} another={another} />;
  const onSave = (name: string, colour: number | null) => {
    const opened = open();
    opened.actions.setName(name);
    if (colour !== null) opened.actions.setColour(colour);
    setLive(opened);
  };
  return <AskName colour={null} lane={0} onSave={onSave} />;
}

/** What has become of a room. */
function Entered({ live, attach, home, another }: Omit<RoomProps, 'open' | 'atOnce'> & { live: LiveStore }) {
  const [state, setState] = useState(() => live.state());
  useEffect(() => {
    const look = () => setState(live.state());
    look();
    return live.subscribe(look);
  }, [live]);
  const reduced = useMedia('(prefers-reduced-motion: reduce)');
  useEffect(() => live.actions.setReducedMotion(reduced), [reduced]);
  return (
    <ActionsContext.Provider value={live.actions}>
      {state.phase === 'gone' || state.phase === 'no_key' || state.phase === 'failed' ? (
        <Outside state={state} live={live} another={another} />
      ) : state.name === null ? (
        <AskName
          colour={state.me?.colour ?? null}
          lane={state.me?.lane ?? 0}
          onSave={(name, colour) => {
            if (colour !== null) live.actions.setColour(colour);
            live.actions.setName(name);
          }}
        />
      ) : state.phase === 'open' && state.me !== null ? (
        <Inside state={state} live={live} attach={attach} home={home} />
      ) : (
        <Outside state={state} live={live} another={another} />
      )}
    </ActionsContext.Provider>
  );
}

function AskName(props: Pick<ProfileProps, 'colour' | 'lane' | 'onSave'>) {
  const t = useT();
  return (
    <Stage
      title={t('nameTitle')}
      body={
        <>
          <Profile name={null} {...props} />
          <p class="promise">{t('promise')}</p>
        </>
      }
    />
  );
}

/** There is no conversation: why, and what can be done. */
function Outside({
  state,
  live: { actions },
  another,
}: {
  state: LiveState;
  live: LiveStore;
  another: string;
}) {
  const t = useT();
  const { phase, problem, retryAt } = state;
  const n = useSecondsUntil(retryAt);
  const again = (word: LiveTextKey) => (
    <button type="button" class="button button-primary" onClick={() => actions.enter()}>
      {t(word)}
    </button>
  );
  const anew = (
    <a class="button" href={another}>
      {t('startAnew')}
    </a>
  );
  switch (phase) {
    case 'full':
      return (
        <Stage title={t('fullTitle')} words={t('fullHint')} busy>
          {anew}
        </Stage>
      );
    case 'gone':
      return (
        <Stage title={t('goneTitle')} words={t('goneHint')}>
          {anew}
        </Stage>
      );
    case 'no_key':
      return (
        <Stage title={t('noKeyTitle')} words={t('noKeyHint')}>
          {anew}
        </Stage>
      );
    case 'left':
      return (
        <Stage title={t('leftTitle')} words={t('leftHint')}>
          {again('comeBack')}
          {anew}
        </Stage>
      );
    case 'retrying':
      return (
        <Stage
          title={t('retryingTitle')}
          words={`${problem ? problemWords(t, problem) : ''} ${n > 1 ? t('reconnectingIn', { n }) : ''}`.trim()}
          busy
        >
          {again('tryNow')}
        </Stage>
      );
    case 'failed':
      return (
        <Stage title={t('failedTitle')} words={problem ? problemWords(t, problem) : undefined}>
          {again('tryNow')}
          {anew}
        </Stage>
      );
    default:
      return <Stage title={t('entering')} busy />;
  }
}

interface InsideProps {
  state: LiveState;
  live: LiveStore;
  attach: AttachInput;
  home: string;
}

/** The conversation. */
function Inside({ state, live, attach, home }: InsideProps) {
  const t = useT();
  const { actions } = live;
  const { me, others, fade, door, sending } = state;
  const page = useRef<HTMLDivElement>(null);
  const [editing, setEditing] = useState(false);
  const [dragging, setDragging] = useState(false);
  const [pictureProblem, setPictureProblem] = useState<string | null>(null);
  useEffect(() => fitScreen(page.current), []);
  if (me === null) return null;

  const onPictures = async (files: readonly File[]) => {
    setPictureProblem(null);
    for (const file of files) {
      const picture = await encodePicture(file);
      if (typeof picture === 'string')
        setPictureProblem(t(picture === 'none' ? 'pictureNone' : 'pictureBig'));
      else actions.sendPicture(picture);
    }
  };
  /** Whoever presses anywhere wants to write, unless they press what is pressed, or take hold of words. */
  const refocus = (event: MouseEvent) => {
    const target = event.target as Element;
    if (editing || target.closest('button, a, select, input, label, .lane-scrolls') !== null) return;
    if (getSelection()?.isCollapsed === false) return;
    const touch = matchMedia('(pointer: coarse)').matches;
    if (touch && target.closest('.lane-mine') === null) return;
    page.current?.querySelector('textarea')?.focus({ preventScroll: true });
  };
  const scrolls = fade.held || fade.mode !== 'normal';

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pictures may be dropped anywhere; the button does the same.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field can be reached by the keyboard without it.
    <div
      class="room"
      ref={page}
      onClick={refocus}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setDragging(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node)) setDragging(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setDragging(false);
        void onPictures(picturesIn(event.dataTransfer));
      }}
    >
      <Top state={state} home={home} />
      <ConnectionStrip {...state} />
      {door !== null && <Door door={door} />}
      <main
        class={fade.held ? 'lanes lanes-held' : 'lanes'}
        data-others={others.length}
        aria-label={t('lanes')}
      >
        {others.length === 0 && <Alone />}
        {others.map((person) => (
          <Lane person={person} scrolls={scrolls} key={person.id} />
        ))}
        <Mine
          me={me}
          live={live}
          attach={attach}
          sending={sending}
          pictureProblem={pictureProblem}
          onPictures={onPictures}
          onProblemSeen={() => setPictureProblem(null)}
          onProfile={() => setEditing(true)}
        />
        <NewsWords others={others} isOpen />
      </main>
      <Phrases state={state} />
      {editing && <EditProfile state={state} live={live} onDone={() => setEditing(false)} />}
      {dragging && <div class="drop">{t('dropHere')}</div>}
    </div>
  );
}

/** Nobody else is here: what will appear, and how to make it appear. */
function Alone() {
  const t = useT();
  return (
    <section class="alone">
      <h2>{t('alone')}</h2>
      <p>{t('aloneHint')}</p>
      <CopyLink primary />
      <p class="promise">{t('promise')}</p>
    </section>
  );
}

function EditProfile({
  state: { name, me },
  live,
  onDone,
}: {
  state: LiveState;
  live: LiveStore;
  onDone: () => void;
}) {
  const t = useT();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const node = dialog.current;
    const before = document.activeElement;
    node?.showModal();
    return () => {
      node?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  const colour = me?.colour ?? 0;
  return (
    <dialog class="dialog" ref={dialog} aria-label={t('changeName')} onCancel={onDone}>
      <Profile
        name={name ?? ''}
        colour={colour}
        lane={me?.lane ?? 0}
        onSave={(given, picked) => {
          if (given !== name) live.actions.setName(given);
          if (picked !== null && picked !== colour) live.actions.setColour(picked);
          onDone();
        }}
        onCancel={onDone}
      />
    </dialog>
  );
}

/**
 * Keeps the page as high as what is seen of it: some browsers lay their keyboard over the page instead of making it smaller.
 * @returns how to stop
 */
function fitScreen(page: HTMLElement | null): (() => void) | undefined {
  const seen = window.visualViewport;
  if (page === null || seen === null) return undefined;
  const fit = () => {
    // Zoomed in, one looks at a part of the page; it is not to become smaller then.
    const height = seen.scale > 1.01 ? '' : `${Math.round(seen.height)}px`;
    page.style.blockSize = height;
    page.style.insetBlockStart = height === '' ? '' : `${Math.round(seen.offsetTop)}px`;
  };
  fit();
  seen.addEventListener('resize', fit);
  seen.addEventListener('scroll', fit);
  return () => {
    seen.removeEventListener('resize', fit);
    seen.removeEventListener('scroll', fit);
  };
}
