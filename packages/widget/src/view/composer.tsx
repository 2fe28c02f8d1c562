import { limits, type Me } from '@earshot/chat/contract';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { RoomRequest } from '../store/actions.ts';
import { createCompletion } from '../store/completion.ts';
import type { ConversationState } from '../store/state.ts';
import { useFixed, useWidgetState } from './context.ts';
import { useSecondsUntil } from './hooks.ts';
import { Icon } from './icons.tsx';
import { lazy, lazyPart } from './lazy.tsx';
import { IconButton } from './parts.tsx';
import { authorsOf } from './rows.ts';
import { nameOf, problemText } from './words.ts';

const EmojiPicker = lazy(async () => (await import('./rare/emoji.tsx')).emojiPicker);
const DraftFiles = lazyPart(async () => (await import('./rare/files.tsx')).draftFiles);

/** From so many characters before the limit on, it is said how many are left. */
const warnAt = 200;

export interface ComposerProps {
  state: ConversationState;
  me: Me;
  title: string;
  files: boolean;
}

/** Where one writes; in its place, why one cannot. */
export function Composer({ state, me, title, files }: ComposerProps) {
  const { actions, t } = useFixed();
  const why = useWhyNot(state, me);
  if (why !== null) {
    const { removed } = state;
    const back = wayBack(state);
    return (
      <div class="composer-not" role="note">
        <Icon name={removed !== null ? 'door' : 'lock'} />
        <span>{why}</span>
        {back !== null && (
          <button type="button" class="text-button" onClick={() => void actions.enterRoom(back)}>
            {t('enterAgain')}
          </button>
        )}
      </div>
    );
  }
  return <Writing state={state} me={me} title={title} files={files} />;
}

/** How I enter a room again that I was removed from; null: not by a name. */
function wayBack({ conversation: { name }, removed }: ConversationState): RoomRequest | null {
  if (removed?.why !== 'kicked' || name === null) return null;
  return name === 'lobby' ? { kind: 'lobby' } : { kind: 'named', name };
}

/** The reason in words why I cannot write here, or null. */
function useWhyNot({ conversation, removed }: ConversationState, me: Me): string | null {
  const { t } = useFixed();
  const { mutedUntil, role } = conversation.me;
  const until = (at: number) => (at - Date.now() < 86_400_000 ? t.time(at) : t.full(at));
  useSecondsUntil(mutedUntil);
  if (removed !== null) {
    if (removed.why === 'closed') return t('removedClosed');
    if (removed.why === 'kicked') return t('removedKicked');
    return removed.until === null
      ? t('removedBanned')
      : t('removedBannedUntil', { time: until(removed.until) });
  }
  if (!conversation.writable) {
    return conversation.with === null
      ? t('problem_forbidden')
      : t('cannotWrite', { name: nameOf(t, conversation.with) });
  }
  if (mutedUntil !== null && mutedUntil > Date.now()) {
    // Far ahead means without an end.
    return mutedUntil - Date.now() > 300 * 86_400_000
      ? t('cannotMuted')
      : t('cannotMutedUntil', { time: until(mutedUntil) });
  }
  if (conversation.locked && role === 'member' && !me.moderator) return t('cannotLocked');
  return null;
}

function Writing({ state, me, title, files }: ComposerProps) {
  const { actions, t, pop } = useFixed();
  const completeName = useMemo(createCompletion, []);
  const { connection } = useWidgetState();
  const { conversation, draft } = state;
  const { id } = conversation;
  const input = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  /** Safari ends a composition before the keydown of the Enter that ended it. */
  const composedAt = useRef(0);
  const { text, editing, replyTo, problem } = draft;
  const wait = useSlow(state, me);
  const over = [...text].length - limits.textCharacters;
  const empty = text.trim() === '' && draft.files.length === 0;
  const blocked = empty || over > 0 || wait > 0;

  useLayoutEffect(() => {
    const node = input.current;
    if (node === null) return;
    node.style.setProperty('--rows-height', '0px');
    node.style.setProperty('--rows-height', `${node.scrollHeight}px`);
  }, [text]);
  useLayoutEffect(() => {
    if (replyTo !== null || editing !== null) input.current?.focus();
    if (editing !== null) input.current?.setSelectionRange(text.length, text.length);
  }, [replyTo?.seq, editing?.seq]);

  const names = useMemo(() => {
    const online = state.online.members.filter((member) => member.id !== me.id);
    const other = conversation.with === null ? [] : [conversation.with];
    return [
      ...new Set([...other, ...online, ...authorsOf(state.timeline.items, me.id)].map(({ name }) => name)),
    ];
  }, [state.online.members, state.timeline.items]);

  const send = () => {
    if (!blocked) actions.send(id);
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    const composing = event.isComposing || event.keyCode === 229 || event.timeStamp - composedAt.current < 50;
    if (event.key === 'Enter' && !event.shiftKey && !composing) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && !composing && (replyTo !== null || editing !== null)) {
      event.preventDefault();
      actions.stopReplyOrEdit(id);
    } else if (event.key === 'Tab' && !event.shiftKey && !composing) {
      const node = event.currentTarget;
      const completed = completeName(node.value, node.selectionStart, names);
      if (!completed) return;
      event.preventDefault();
      actions.setDraft(id, completed.text);
      requestAnimationFrame(() => node.setSelectionRange(completed.cursor, completed.cursor));
    } else if (event.key === 'ArrowUp' && text === '' && !composing) {
      const last = state.timeline.items.findLast(
        (item) => item.type === 'message' && item.message.author.id === me.id,
      );
      if (last?.type !== 'message' || last.message.kind !== 'text' || last.message.deletedAt !== null) return;
      event.preventDefault();
      actions.startEdit(id, last.message);
    }
  };
  const insert = (emoji: string) => {
    const node = input.current;
    if (node === null) return;
    const [from, to] = [node.selectionStart, node.selectionEnd];
    actions.setDraft(id, text.slice(0, from) + emoji + text.slice(to));
    requestAnimationFrame(() => {
      node.focus();
      node.setSelectionRange(from + emoji.length, from + emoji.length);
    });
  };
  const add = (list: FileList | null | undefined) => {
    const picked = [...(list ?? [])];
    if (files && picked.length > 0) actions.addFiles(id, picked);
    return picked.length > 0;
  };

  const note =
    problem !== null
      ? wait > 0 && problem.code === 'slow_mode'
        ? null
        : problemText(t, problem)
      : over > 0
        ? t('charactersOver', { n: over })
        : null;
  return (
    <form
      class="composer"
      part="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {(replyTo ?? editing) !== null && (
        <div class="context">
          <Icon name={editing === null ? 'reply' : 'edit'} />
          <span class="context-words">
            <b>
              {editing !== null
                ? t('editing')
                : t('replyingTo', { name: replyTo === null ? '' : nameOf(t, replyTo.author) })}
            </b>
            <span class="context-text" dir="auto">
              {editing !== null ? t('saveHint') : replyTo?.text || replyTo?.attachments[0]?.name}
            </span>
          </span>
          <IconButton icon="close" label={t('stop')} onClick={() => actions.stopReplyOrEdit(id)} />
        </div>
      )}
      {draft.files.length > 0 && (
        <DraftFiles files={draft.files} onRemove={(key) => actions.removeFile(id, key)} />
      )}
      <div class="composer-row">
        {files && editing === null && (
          <>
            <IconButton icon="attach" label={t('attach')} onClick={() => picker.current?.click()} />
            <input
              type="file"
              multiple
              hidden
              ref={picker}
              onChange={(event) => {
                add(event.currentTarget.files);
                event.currentTarget.value = '';
              }}
            />
          </>
        )}
        <div class="composer-box">
          <textarea
            class="composer-input"
            part="input"
            rows={1}
            dir="auto"
            aria-label={t('writeTo', { title })}
            placeholder={t('placeholder')}
            value={text}
            data-autofocus
            enterkeyhint="send"
            aria-invalid={note !== null || undefined}
            aria-describedby={`composer-note-${id}`}
            ref={input}
            onInput={(event) => actions.setDraft(id, event.currentTarget.value)}
            onKeyDown={onKeyDown}
            onCompositionEnd={(event) => {
              composedAt.current = event.timeStamp;
            }}
            onPaste={(event) => {
              if (add(event.clipboardData?.files)) event.preventDefault();
            }}
          />
          <IconButton
            icon="smile"
            class="composer-emoji"
            label={t('emoji')}
            popup="dialog"
            onClick={(event) =>
              pop(
                <EmojiPicker
                  anchor={event.currentTarget as HTMLElement}
                  onClose={() => pop(null)}
                  onPick={insert}
                />,
              )
            }
          />
        </div>
        <button
          type="submit"
          class="send"
          part="send"
          aria-label={t('send')}
          title={t('send')}
          aria-disabled={blocked}
        >
          <Icon name={editing === null ? 'send' : 'check'} />
        </button>
      </div>
      <div class="composer-notes" id={`composer-note-${id}`} aria-live="polite">
        {note !== null && (
          <p class="problem">
            <Icon name="alert" />
            <span>{note}</span>
          </p>
        )}
        {wait > 0 && <p class="composer-note">{t('slowMode', { n: wait })}</p>}
        {over <= 0 && over > -warnAt && <p class="composer-note">{t('charactersLeft', { n: -over })}</p>}
        {connection === 'offline' && !empty && <p class="composer-note">{t('offlineStrip')}</p>}
      </div>
    </form>
  );
}

/** Seconds until slow mode lets me write again. */
function useSlow({ conversation, timeline, draft }: ConversationState, me: Me): number {
  const { slowSeconds } = conversation;
  const { problem } = draft;
  const refusedAt = useRef<{ problem: typeof problem; at: number }>({ problem: null, at: 0 });
  if (refusedAt.current.problem !== problem) refusedAt.current = { problem, at: Date.now() };
  const exempt = conversation.me.role !== 'member' || me.moderator;
  const last =
    slowSeconds > 0 && !exempt
      ? timeline.items.findLast((item) => item.type === 'message' && item.message.author.id === me.id)
      : undefined;
  const byLast = last?.type === 'message' ? last.message.at + slowSeconds * 1000 : 0;
  const byRefusal =
    problem?.code === 'slow_mode' ? refusedAt.current.at + (problem.retryAfterSeconds ?? 0) * 1000 : 0;
  return useSecondsUntil(Math.max(byLast, byRefusal) || null);
}
