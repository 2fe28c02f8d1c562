import { useMemo, useRef, useState } from 'preact/hooks';
import { ApiFailure, pathOf } from '../client/api.ts';
import type { AppDetail, SettingField } from '../contract.ts';
import { Confirm } from '../parts/dialog.tsx';
import { counted } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { type AppPageProps, useDesk, useLeaveGuard } from '../shell/desk.ts';
import { DangerZone } from './danger-zone.tsx';
import { type Draft, draftOf, isChanged, read, titleOf } from './drafts.ts';
import { SettingRow } from './setting-row.tsx';

const groups: readonly { id: string; title: string; about: string }[] = [
  { id: 'general', title: 'General', about: 'What the app is called and what is kept of it.' },
  { id: 'access', title: 'Access', about: 'Who may connect, and what they may do.' },
  { id: 'limits', title: 'Limits', about: 'What is over a limit is refused, and said to be.' },
  { id: 'webhooks', title: 'Webhooks', about: 'Endpoints of their own are on the page Webhooks.' },
  { id: 'chat', title: 'Chat', about: 'The chat that people put on their pages.' },
];
/** Has a place of its own: the danger zone. */
const elsewhere = ['enabled'];

type Drafts = ReadonlyMap<string, Draft>;
const none: Drafts = new Map();

/** Every setting of an app. Nothing changes before it is saved, and then all of it does. */
export default function SettingsPage({ app, onAppChanged }: AppPageProps) {
  const { api, notify } = useDesk();
  const [drafts, setDrafts] = useState<Drafts>(none);
  const [refusal, setRefusal] = useState<ApiFailure | null>(null);
  const [busy, setBusy] = useState(false);
  const [filter, setFilter] = useState('');
  const [leave, setLeave] = useState<{ answer: (leave: boolean) => void } | null>(null);
  const top = useRef<HTMLDivElement>(null);

  const changed = useMemo(
    () =>
      app.settings.filter((field) => {
        const draft = drafts.get(field.name);
        return draft !== undefined && isChanged(field, draft);
      }),
    [app.settings, drafts],
  );
  const problems = changed.filter((field) => !read(field, drafts.get(field.name) ?? '').ok);

  useLeaveGuard(
    changed.length > 0,
    () =>
      new Promise((resolve) => {
        setLeave({
          answer: (answer) => {
            setLeave(null);
            resolve(answer);
          },
        });
      }),
  );

  const change = (field: SettingField, draft: Draft) => {
    if (refusal?.error.field === field.name) setRefusal(null);
    setDrafts((before) => new Map(before).set(field.name, draft));
  };
  const discard = () => {
    setDrafts(none);
    setRefusal(null);
  };
  const focusOn = (name: string | undefined) => {
    const control = top.current?.querySelector<HTMLElement>(
      `#setting-${name} :is(input, textarea, select, .switch)`,
    );
    control?.focus();
  };

  const save = async () => {
    if (busy || changed.length === 0) return;
    if (problems.length > 0) return focusOn(problems[0]?.name);
    setBusy(true);
    setRefusal(null);
    const settings: Record<string, SettingField['value']> = {};
    for (const field of changed) {
      const found = read(field, drafts.get(field.name) ?? '');
      if (found.ok) settings[field.name] = found.value;
    }
    try {
      onAppChanged(await api.request<AppDetail>('PATCH', pathOf`/apps/${app.id}`, { body: { settings } }));
      setDrafts(none);
      notify({ kind: 'good', text: `${counted(changed.length, 'setting')} saved.` });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      setRefusal(error);
      focusOn(error.error.field);
    } finally {
      setBusy(false);
    }
  };

  const problemOf = (field: SettingField): string | null => {
    if (refusal?.error.field === field.name) return refusal.message;
    const draft = drafts.get(field.name);
    if (draft === undefined) return null;
    const found = read(field, draft);
    return found.ok ? null : found.problem;
  };
  const words = filter.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const isShown = (field: SettingField) => {
    const text = `${titleOf(field)} ${field.name} ${field.env} ${field.doc}`.toLocaleLowerCase();
    return !elsewhere.includes(field.name) && words.every((word) => text.includes(word));
  };
  const shown = groups
    .map((group) => ({
      ...group,
      fields: app.settings.filter((field) => field.group === group.id && isShown(field)),
    }))
    .filter(({ fields }) => fields.length > 0);
  const isElsewhere = refusal !== null && !app.settings.some((field) => field.name === refusal.error.field);

  return (
    <div class="page settings" ref={top}>
      <div class="settings-bar">
        <div class="filter">
          <Glyph name="search" />
          <input
            class="field"
            type="search"
            aria-label="Find a setting"
            placeholder="Find a setting"
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </div>
        <nav class="settings-groups" aria-label="Groups of settings">
          {shown.map((group) => (
            <a key={group.id} href={`#group-${group.id}`}>
              {group.title}
            </a>
          ))}
          <a href="#group-danger">Danger zone</a>
        </nav>
      </div>
      <form
        class="settings-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {shown.length === 0 && <p class="table-none">No setting matches “{filter}”.</p>}
        {shown.map((group) => (
          <section
            key={group.id}
            class="settings-group"
            id={`group-${group.id}`}
            aria-labelledby={`title-${group.id}`}
          >
            <header>
              <h2 id={`title-${group.id}`}>{group.title}</h2>
              <p class="hint">{group.about}</p>
            </header>
            <div class="card settings-card">
              {group.fields.map((field) => (
                <SettingRow
                  key={field.name}
                  field={field}
                  draft={drafts.get(field.name) ?? draftOf(field)}
                  changed={changed.includes(field)}
                  problem={problemOf(field)}
                  onDraft={(draft) => change(field, draft)}
                />
              ))}
            </div>
          </section>
        ))}
        <div class="save-place" role="status">
          {changed.length > 0 && (
            <div class="save-bar">
              <p>
                {problems.length > 0
                  ? `${counted(problems.length, 'value')} cannot be saved as it is`
                  : `${counted(changed.length, 'unsaved change')}`}
                {isElsewhere && <span class="save-refusal"> {refusal?.message}</span>}
              </p>
              <button type="button" class="button" onClick={discard}>
                Discard
              </button>
              <button type="submit" class="button button-primary" aria-disabled={busy || problems.length > 0}>
                {busy ? 'Saving…' : 'Save'}
              </button>
            </div>
          )}
        </div>
      </form>
      <DangerZone app={app} onAppChanged={onAppChanged} />
      {leave !== null && (
        <Confirm
          title="Leave without saving?"
          action="Leave without saving"
          onClose={() => leave.answer(false)}
          onConfirm={async () => leave.answer(true)}
        >
          <p>{counted(changed.length, 'setting')} you have changed would stay as before.</p>
        </Confirm>
      )}
    </div>
  );
}
