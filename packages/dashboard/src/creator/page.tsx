import { useCallback, useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiFailure, pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { ChannelList, ConnectionList, EventDraft, EventResult } from '../contract.ts';
import { FormProblem } from '../parts/dialog.tsx';
import { Field, TextField } from '../parts/field.tsx';
import { type AppPageProps, useDesk, useQuery } from '../shell/desk.ts';
import { DataField } from './data-field.tsx';
import { aboutChannel, type DraftProblems, dataBytesDefault, problemsOf } from './draft.ts';
import { checkJson } from './json-check.ts';
import { keepRecent, readRecent, shelfOfBrowser, withRecent } from './recent.ts';
import { RecentEvents } from './recent-events.tsx';
import { Result, type Sent } from './result.tsx';

/** Names are suggested for a channel that nobody has typed for so long. */
const settleMs = 400;
const none: DraftProblems = new Map();

/** The event creator: sends an event as a publisher would. */
export default function CreatorPage({ app }: AppPageProps) {
  const { api } = useDesk();
  const [asked] = useQuery('channel');
  const [draft, setDraft] = useState<EventDraft>({
    channel: asked,
    event: '',
    data: '{\n  "text": "hello"\n}',
  });
  const [problems, setProblems] = useState(none);
  const [sent, setSent] = useState<Sent | null>(null);
  const [busy, setBusy] = useState(false);
  const [recent, setRecent] = useState(() => readRecent(shelfOfBrowser(), app.id));
  const form = useRef<HTMLFormElement>(null);
  const ids = useId();

  const set = (part: Partial<EventDraft>) => {
    setDraft((before) => ({ ...before, ...part }));
    // What was wrong with a field may not be any more; the rest stays said.
    setProblems((before) => new Map([...before].filter(([field]) => !(field in part) && field !== 'form')));
  };
  const keep = useCallback(
    (drafts: readonly EventDraft[]) => {
      setRecent(drafts);
      keepRecent(shelfOfBrowser(), app.id, drafts);
    },
    [app.id],
  );

  const send = async (event?: Event) => {
    event?.preventDefault();
    if (busy) return;
    const { socketId = '', ...rest } = draft;
    const whole: EventDraft = {
      ...rest,
      channel: draft.channel.trim(),
      event: draft.event.trim(),
      ...(socketId.trim() !== '' && { socketId: socketId.trim() }),
    };
    const found = problemsOf(whole);
    setProblems(found);
    setSent(null);
    if (found.size > 0) return focusFirstProblem(form.current);
    setBusy(true);
    try {
      const result = await api.request<EventResult>('POST', pathOf`/apps/${app.id}/events`, { body: whole });
      setSent({ draft: whole, result, at: Date.now() });
      keep(withRecent(recent, whole));
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      const named = error.code === 'too_large' ? 'data' : error.error.field;
      const field = (['channel', 'event', 'data', 'socketId'] as const).find((one) => one === named);
      setProblems(new Map([[field ?? 'form', error.message]]));
      if (field !== undefined) focusFirstProblem(form.current);
    } finally {
      setBusy(false);
    }
  };

  const channel = useSettled(draft.channel.trim());
  const channels = useLoad<ChannelList>(`${app.id} ${channel}`, (signal) =>
    api.request('GET', pathOf`/apps/${app.id}/channels`, { query: { prefix: channel }, signal }),
  ).loaded.value;
  const connections = useLoad<ConnectionList>(channel === '' ? null : `${app.id} ${channel}`, (signal) =>
    api.request('GET', pathOf`/apps/${app.id}/connections`, { query: { channel }, signal }),
  ).loaded.value;
  const limit = app.settings.find(({ name }) => name === 'eventBytes')?.value;

  return (
    <section class="creator" aria-labelledby={`${ids}-title`}>
      <form
        class="creator-form"
        ref={form}
        noValidate
        onSubmit={send}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send(event);
        }}
      >
        <header class="page-title">
          <h2 id={`${ids}-title`}>Send an event</h2>
          <p class="hint">
            As your server would: it goes to everybody who is subscribed, and counts as a message.
          </p>
        </header>
        <div class="creator-names">
          <Field
            label="Channel"
            hint={aboutChannel(draft.channel.trim()) ?? 'Its beginning says who may subscribe.'}
            problem={problems.get('channel') ?? null}
          >
            {(control) => (
              <>
                <input
                  {...control}
                  type="text"
                  class="field field-mono"
                  dir="ltr"
                  list={`${ids}-channels`}
                  value={draft.channel}
                  placeholder="my-channel"
                  autocomplete="off"
                  autocapitalize="off"
                  spellcheck={false}
                  onInput={(event) => set({ channel: event.currentTarget.value })}
                />
                <datalist id={`${ids}-channels`}>
                  {channels?.channels.slice(0, 30).map(({ name }) => (
                    <option key={name} value={name} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
          <TextField
            label="Event"
            hint="The name that clients bind to."
            mono
            value={draft.event}
            onValue={(event) => set({ event })}
            problem={problems.get('event') ?? null}
            input={{ placeholder: 'my-event' }}
          />
        </div>
        <DataField
          value={draft.data}
          onValue={(data) => set({ data })}
          problem={problems.get('data') ?? null}
          bytesMax={typeof limit === 'number' ? limit : dataBytesDefault}
        />
        <Field
          label="Leave out a connection"
          hint="Optional: the socket id of the client that caused the event and knows it already."
          problem={problems.get('socketId') ?? null}
        >
          {(control) => (
            <>
              <input
                {...control}
                type="text"
                class="field field-mono creator-socket"
                dir="ltr"
                inputMode="decimal"
                list={`${ids}-sockets`}
                value={draft.socketId ?? ''}
                placeholder="nobody"
                autocomplete="off"
                spellcheck={false}
                onInput={(event) => set({ socketId: event.currentTarget.value })}
              />
              <datalist id={`${ids}-sockets`}>
                {connections?.connections.slice(0, 50).map(({ socketId, userId }) => (
                  <option key={socketId} value={socketId}>
                    {userId ?? ''}
                  </option>
                ))}
              </datalist>
            </>
          )}
        </Field>
        <FormProblem problem={problems.get('form') ?? null} />
        <div class="creator-send">
          <button type="submit" class="button button-primary" aria-disabled={busy}>
            {checkJson(draft.data).is === 'broken' ? 'Send as text' : 'Send event'}
          </button>
          <span class="hint creator-keys" aria-hidden="true">
            <kbd>{/Mac|iP/.test(navigator.platform) ? '⌘' : 'Ctrl'}</kbd> <kbd>Enter</kbd>
          </span>
        </div>
        <Result appId={app.id} sent={sent} />
      </form>
      <RecentEvents
        drafts={recent}
        onUse={(used) => {
          set(used);
          form.current?.querySelector<HTMLElement>('input')?.focus();
        }}
        onForget={() => keep([])}
      />
    </section>
  );
}

/** A text once it has not changed for a while, so that the server is not asked for each letter. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), settleMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

function focusFirstProblem(form: HTMLFormElement | null): void {
  // Once the problems are on the page.
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid]')?.focus());
}
