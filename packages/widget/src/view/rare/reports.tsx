import './icons.ts';
import type { Id, Report } from '@earshot/chat/contract';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { reportFragment } from '../../embed/fragment.ts';
import type { Asked, ReportList } from '../../store/records.ts';
import css from '../../styles/rare.css' with { type: 'text' };
import { Avatar } from '../avatar.tsx';
import { useFixed, useSheet, useWidgetState } from '../context.ts';
import { Icon } from '../icons.tsx';
import type { Chunk } from '../lazy.tsx';
import { Empty, Failure, IconButton, Skeleton } from '../parts.tsx';
import { Name } from '../person-parts.tsx';
import { ConnectionStrip } from '../strip.tsx';
import { nameOf } from '../words.ts';
import { Excerpt } from './excerpt.tsx';
import { Sanction } from './sheets.tsx';
import { useKeptFocus } from './use-kept-focus.ts';
import { type MoreTranslator, useMore } from './use-more.ts';

const states: readonly Report['state'][] = ['open', 'resolved', 'dismissed'];
/** While a moderator has the list before them: what is reported in the meantime shows up. */
const renewMs = 60_000;

/** The keyboard comes along from there, and stays where it is when the list is shown by itself after a reload. */
let pressed = false;

/** The way to the reports, with how many are open. */
function ReportsEntry() {
  const { records, connection } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  useEffect(() => {
    void actions.loadReports('open');
    const timer = setInterval(() => void actions.loadReports('open'), renewMs);
    return () => clearInterval(timer);
  }, [connection === 'online']);
  const open = records.reports?.lists.open;
  const { reports, more } = open?.phase === 'ready' ? open.value : { reports: [], more: false };
  const n = reports.length;
  return (
    <button
      type="button"
      class="row row-short reports-entry"
      onClick={() => {
        pressed = true;
        actions.show('reports');
      }}
    >
      <span class="reports-sign">
        <Icon name="flag" />
      </span>
      <span class="row-words">
        <span class="row-title">{t('reports')}</span>
      </span>
      {n > 0 && (
        <span class="badge">
          <span aria-hidden="true">{more ? `${t.number(n)}+` : t.number(n)}</span>
          <span class="visually-hidden">{t('reportsOpen', { n })}</span>
        </span>
      )}
    </button>
  );
}

interface ReportsProps {
  onClose: (() => void) | undefined;
}

/** What people have reported: the list, or one of it. */
function Reports({ onClose }: ReportsProps) {
  const { records, session } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  const opened = records.reports?.opened ?? null;
  const [state, setState] = useState<Report['state']>('open');
  const [last, setLast] = useState<Id | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const isOpen = opened !== null;
  // The keyboard goes along: to the report, and back to where it was in the list.
  const before = useRef(isOpen);
  useLayoutEffect(() => {
    if (before.current === isOpen) return;
    before.current = isOpen;
    const row = isOpen ? null : box.current?.querySelector<HTMLElement>(`[data-report="${last}"]`);
    (row ?? title.current)?.focus();
  }, [isOpen]);
  useLayoutEffect(() => {
    if (pressed) title.current?.focus({ preventScroll: true });
    pressed = false;
  }, []);

  useKeptFocus(title, opened);

  const moderates = session.phase === 'in' && session.me.moderator;
  return (
    <>
      <header class="header" part="header">
        <IconButton
          icon="back"
          label={t(isOpen ? 'allReports' : 'back')}
          onClick={() => void (isOpen ? actions.closeReport() : actions.show('home'))}
          class="arrow"
        />
        <h2 class="header-title header-grow" tabIndex={-1} ref={title}>
          {opened?.phase === 'ready'
            ? t('aboutPerson', { name: nameOf(t, opened.value.person) })
            : t('reports')}
        </h2>
        {onClose && <IconButton icon="close" label={t('closeChat')} onClick={onClose} />}
      </header>
      <ConnectionStrip />
      <div class="panel-scroll" ref={box}>
        {!moderates ? (
          <Empty icon="flag">
            {t.parts('reportsForbidden', {
              fragment: (
                <code class="fragment" dir="ltr">
                  {reportFragment(records.reports?.openedId ?? 'ID')}
                </code>
              ),
            })}
          </Empty>
        ) : opened === null ? (
          <List
            state={state}
            onState={setState}
            onOpen={(id) => {
              setLast(id);
              void actions.openReport(id);
            }}
          />
        ) : opened.phase === 'loading' ? (
          <Skeleton since={opened.since} />
        ) : opened.phase === 'failed' ? (
          <Failure problem={opened.problem} />
        ) : (
          <Detail report={opened.value} />
        )}
      </div>
    </>
  );
}

interface ListProps {
  state: Report['state'];
  onState: (state: Report['state']) => void;
  onOpen: (id: Id) => void;
}

function List({ state, onState, onOpen }: ListProps) {
  const { records } = useWidgetState();
  const t = useMore();
  const { actions } = useFixed();
  useEffect(() => void actions.loadReports(state), [state]);
  return (
    <div class="reports">
      <fieldset class="tabs">
        <legend class="visually-hidden">{t('reportsShown')}</legend>
        {states.map((value) => (
          <label class="tab" key={value}>
            <input type="radio" name="state" checked={state === value} onChange={() => onState(value)} />
            <span>{t(`reportState_${value}`)}</span>
          </label>
        ))}
      </fieldset>
      <Rows
        list={records.reports?.lists[state]}
        empty={t(state === 'open' ? 'reportsNoneOpen' : 'reportsNone')}
        onRetry={() => void actions.loadReports(state)}
        onOlder={() => void actions.loadReports(state, true)}
        onOpen={onOpen}
      />
    </div>
  );
}

interface RowsProps {
  list: Asked<ReportList> | undefined;
  empty: string;
  onRetry: () => void;
  onOlder: () => void;
  onOpen: (id: Id) => void;
}

function Rows({ list, empty, onRetry, onOlder, onOpen }: RowsProps) {
  const t = useMore();
  if (list === undefined || list.phase === 'loading') return <Skeleton since={list?.since ?? Date.now()} />;
  if (list.phase === 'failed') return <Failure problem={list.problem} onRetry={onRetry} />;
  const { reports, more } = list.value;
  if (reports.length === 0) return <Empty icon="flag">{empty}</Empty>;
  return (
    <>
      <ul class="list">
        {reports.map((report) => (
          <li key={report.id}>
            <button type="button" class="row" data-report={report.id} onClick={() => onOpen(report.id)}>
              <Avatar person={report.person} />
              <span class="row-words">
                <span class="row-top">
                  <span class="row-title">
                    <Name person={report.person} />
                  </span>
                  <time class="row-time">{t.short(report.at)}</time>
                </span>
                <span class="row-preview" dir="auto">
                  {[t(`reason_${report.reason}`), report.text].filter((part) => part !== '').join(' · ')}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" class="button reports-older" onClick={onOlder}>
          {t('reportsOlder')}
        </button>
      )}
    </>
  );
}

function Detail({ report }: { report: Report }) {
  const t = useMore();
  const { actions } = useFixed();
  const showSheet = useSheet();
  const { id, person, conversation, room, seq, context, text, state } = report;
  const name = nameOf(t, person);
  return (
    <div class="report">
      <div class="report-head">
        <Avatar person={person} />
        <div class="report-words">
          <Name person={person} />
          <p class="report-reason">{t(`reason_${report.reason}`)}</p>
        </div>
        <span class={`report-state report-${state}`}>{t(`reportState_${state}`)}</span>
      </div>
      <p class="hint">
        {t('reportedBy', { name: nameOf(t, report.reporter) })} ·{' '}
        <time class="quoted-time">{t.full(report.at)}</time>
        <br />
        {where(t, report)}
      </p>
      {text !== '' && (
        <section class="group" aria-label={t('whatReporterSays')}>
          <h3 class="group-title">{t('whatReporterSays')}</h3>
          <p class="report-text" dir="auto">
            {text}
          </p>
        </section>
      )}
      {context.length > 0 && (
        <section class="group" aria-label={t('reportContext')}>
          <h3 class="group-title">{t('reportContext')}</h3>
          <Excerpt messages={context} marked={seq} />
        </section>
      )}
      <div class="settings-acts">
        {conversation !== null && room !== null && (
          <>
            <button type="button" class="button" onClick={() => void actions.visitReported(report)}>
              {t('showInRoom')}
            </button>
            {!person.deleted && (
              <button
                type="button"
                class="button button-danger"
                onClick={() => showSheet(<Sanction act="ban" person={person} conversation={conversation} />)}
              >
                {t('banFromRoom', { name })}
              </button>
            )}
          </>
        )}
        {state === 'open' ? (
          <>
            <button
              type="button"
              class="button button-primary"
              onClick={() => void actions.decideReport(id, 'resolved')}
            >
              {t('resolve')}
            </button>
            <button type="button" class="button" onClick={() => void actions.decideReport(id, 'dismissed')}>
              {t('dismissReport')}
            </button>
          </>
        ) : (
          <button type="button" class="button" onClick={() => void actions.decideReport(id, 'open')}>
            {t('reopen')}
          </button>
        )}
      </div>
    </div>
  );
}

function where(t: MoreTranslator, { conversation, room }: Report): string {
  if (conversation === null) return t('asSuch');
  if (room === null) return t('inDirect');
  const title = room.title || (room.name === 'lobby' ? t('lobby') : (room.name ?? t('pageRoom')));
  return t('inRoom', { title });
}

export const reportsEntry: Chunk<object> = { view: ReportsEntry, css };
export const reports: Chunk<ReportsProps> = { view: Reports, css };
