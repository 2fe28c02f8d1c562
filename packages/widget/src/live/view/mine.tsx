import { useEffect, useRef, useState } from 'preact/hooks';
import type { LivePerson, LiveSending, LiveStore } from '../state.ts';
import { useActions, useT } from './context.ts';
import { picturesIn } from './encode.ts';
import { LiveIcon } from './icons.tsx';
import { Band, LaneHead } from './lane.tsx';
import { Letters } from './letters.tsx';
import { personName } from './people.ts';
import { Pictures } from './pictures.tsx';

export type AttachInput = (input: HTMLTextAreaElement, live: LiveStore) => () => void;

export interface MineProps {
  me: LivePerson;
  live: LiveStore;
  attach: AttachInput;
  sending: readonly LiveSending[];
  /** Why a picture of mine cannot be sent, in words. */
  pictureProblem: string | null;
  onPictures: (files: readonly File[]) => void;
  onProblemSeen: () => void;
  onProfile: () => void;
}

/**
 * My lane. The text is in a real field, so that input methods, dictation, paste and screen readers work as anywhere; its
 * own letters are invisible, because each of those drawn behind it fades by itself. An input method shows what is not
 * settled yet in the field itself, which is seen meanwhile.
 */
export function Mine(props: MineProps) {
  const { me, live, attach, sending, pictureProblem, onPictures, onProblemSeen, onProfile } = props;
  const t = useT();
  const actions = useActions();
  const field = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const [composing, setComposing] = useState(false);
  const [empty, setEmpty] = useState(true);

  useEffect(() => {
    const node = field.current;
    if (node === null) return;
    const look = () => setEmpty(node.value === '');
    const detach = attach(node, live);
    const unhear = live.subscribe(look);
    node.focus({ preventScroll: true });
    look();
    return () => {
      unhear();
      detach();
    };
  }, [live]);

  const name = personName(t, me);
  return (
    <section class="lane lane-mine" aria-label={t('laneOf', { name: t('you'), n: me.lane + 1 })}>
      <Band person={me} />
      <LaneHead
        person={me}
        name={
          <h2 class="lane-name">
            <button type="button" class="lane-me" title={t('changeName')} onClick={onProfile}>
              <bdi>{name}</bdi>
              <LiveIcon name="edit" />
              <span class="visually-hidden">{t('changeName')}</span>
            </button>
          </h2>
        }
      >
        <span class="lane-word">{me.name ? t('you') : ''}</span>
        <span class="lane-acts">
          <button
            type="button"
            class="control"
            title={t('sendPicture')}
            aria-label={t('sendPicture')}
            onClick={() => files.current?.click()}
          >
            <LiveIcon name="picture" />
          </button>
          <input
            ref={files}
            type="file"
            accept="image/*"
            multiple
            hidden
            onChange={(event) => {
              onPictures([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = '';
            }}
          />
        </span>
      </LaneHead>
      <div class="lane-notes" role="status">
        {sending.map(({ key, problem }) => (
          <p class={problem === null ? 'lane-note' : 'lane-note lane-warn'} key={key}>
            {t(
              problem === null
                ? 'sendingPicture'
                : problem.code === 'too_large'
                  ? 'pictureBig'
                  : 'pictureFailed',
            )}
            {problem !== null && <Dismiss onClick={() => actions.dropSending(key)} />}
          </p>
        ))}
        {pictureProblem !== null && (
          <p class="lane-note lane-warn">
            {pictureProblem}
            <Dismiss onClick={onProblemSeen} />
          </p>
        )}
      </div>
      <Pictures pictures={me.pictures} name={name} />
      <div class="lane-text">
        <div class={composing ? 'write write-composing' : 'write'} data-empty={empty}>
          <Letters
            letters={me.text}
            onIndent={(pixels) => {
              if (field.current !== null) field.current.style.textIndent = `${pixels}px`;
            }}
          />
          <textarea
            ref={field}
            class="write-field"
            // With nothing in it, it goes the way of its hint.
            dir={empty ? undefined : 'auto'}
            rows={1}
            placeholder={t('write')}
            aria-label={t('sayLabel')}
            autocomplete="off"
            enterkeyhint="enter"
            onInput={(event) => setEmpty(event.currentTarget.value === '')}
            onCompositionStart={() => setComposing(true)}
            onCompositionEnd={() => setComposing(false)}
            onPaste={(event) => {
              const pasted = picturesIn(event.clipboardData);
              if (pasted.length === 0) return;
              event.preventDefault();
              onPictures(pasted);
            }}
          />
        </div>
      </div>
    </section>
  );
}

function Dismiss({ onClick }: { onClick: () => void }) {
  const t = useT();
  return (
    <button type="button" class="control" aria-label={t('dismiss')} title={t('dismiss')} onClick={onClick}>
      <LiveIcon name="close" />
    </button>
  );
}
