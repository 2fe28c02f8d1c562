import type { Id, Message, Report } from '../contract/index.ts';
import type {
  Attachments,
  Caller,
  ChatTransaction,
  Conversations,
  Core,
  People,
  PersonalData,
} from '../core/core.ts';
import { newId } from '../ids.ts';
import { refuse } from '../refusal.ts';
import { audit, gone } from './audit.ts';
import { peopleIn, withoutPerson } from './snapshot.ts';
import type { ReportTables } from './tables.ts';
import { ReportWebhook, type ReportWebhookOptions } from './webhook.ts';

/** Messages on either side of the one that is reported. */
const around = 5;
const perDay = 10;
const dayMs = 24 * 60 * 60_000;
/** What moderators have dealt with is kept for questions, then goes. */
const keepClosedMs = 180 * dayMs;
const page = 50;

const expiryTimer = 'report-expiry';

type Row = ReportTables['chat_reports'];

export interface ReportsOptions extends ReportWebhookOptions {
  readonly people: Pick<People, 'person' | 'persons'>;
  readonly conversations: Pick<Conversations, 'around'>;
  readonly attachments: Pick<Attachments, 'describe'>;
}

/** What somebody reports: a person, for a message or as such. */
export interface Complaint {
  readonly person: Id;
  readonly conversation: Id | null;
  readonly seq: number | null;
  readonly reason: Report['reason'];
  readonly text: string;
}

/** What the reporter is told of their report. */
export interface Statement {
  readonly id: Id;
  readonly reason: Report['reason'];
  readonly state: Report['state'];
  readonly at: number;
  /** What happens next, or what was decided. In English; `state` says the same to programs. */
  readonly statement: string;
}

const statements: Record<Report['state'], string> = {
  open: 'The moderators of this chat have your report and what was written around the message. They look at it and decide. The person you reported is not told who did.',
  resolved: 'The moderators of this chat have looked at your report and have acted on it.',
  dismissed: 'The moderators of this chat have looked at your report and found no reason to act.',
};

/** Reports, and the moderators' queue of them. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #core: Core;
  readonly #webhook: ReportWebhook;

  constructor(options: ReportsOptions) {
    this.#options = options;
    this.#core = options.core;
    this.#webhook = new ReportWebhook(options);
    options.core.timers.on(expiryTimer, (appId, id) => this.#expire(appId, id));
  }

  /** Keeps the report with what the reporter sees of the conversation, and nothing else of it. */
  async create(caller: Caller, complaint: Complaint): Promise<Statement> {
    const { app, user } = caller;
    const { person, conversation, seq, reason } = complaint;
    const text = complaint.text.replace(/[^\P{Cc}\n]/gu, '').trim();
    if (person === user) refuse('bad_request', { field: 'person', message: 'Expected somebody else.' });
    if ((await this.#options.people.person(app.id, person)) === undefined) {
      refuse('not_found', { field: 'person' });
    }
    const context = await this.#contextOf(caller, complaint);
    const at = this.#core.clock.now();
    const wanted = app.settings.chatReportUrl !== null;
    return this.#core.db.transaction().execute(async (trx) => {
      const recent = await trx
        .selectFrom('chat_reports')
        .select(['id', 'person', 'conversation', 'seq', 'reason', 'state', 'at'])
        .where('app_id', '=', app.id)
        .where('reporter', '=', user)
        .where('at', '>', at - dayMs)
        .execute();
      const same = recent.find(
        (row) =>
          row.person === person &&
          row.conversation === conversation &&
          row.seq === seq &&
          row.state === 'open',
      );
      if (same !== undefined) return statementOn(same);
      if (recent.length >= perDay) {
        const first = Math.min(...recent.map((row) => row.at));
        refuse('too_many_requests', { retryAfterSeconds: Math.ceil((first + dayMs - at) / 1000) });
      }
      const row: Row = {
        app_id: app.id,
        id: newId(),
        reporter: user,
        person,
        conversation,
        seq,
        reason,
        text,
        context: JSON.stringify(context),
        state: 'open',
        at,
        handled_by: null,
        handled_at: null,
        hook_failures: wanted ? 0 : null,
      };
      await trx.insertInto('chat_reports').values(row).execute();
      const inContext = [...peopleIn(context)];
      if (inContext.length > 0) {
        await trx
          .insertInto('chat_report_people')
          .values(inContext.map((id) => ({ app_id: app.id, report: row.id, person: id })))
          .execute();
      }
      if (wanted) await this.#core.timers.set(trx, this.#webhook.timer, app.id, row.id, at);
      return statementOn(row);
    });
  }

  /** What the caller has reported and what became of it, newest first. */
  async own(caller: Caller): Promise<Statement[]> {
    const rows = await this.#core.db
      .selectFrom('chat_reports')
      .select(['id', 'reason', 'state', 'at'])
      .where('app_id', '=', caller.app.id)
      .where('reporter', '=', caller.user)
      .orderBy('at', 'desc')
      .limit(page)
      .execute();
    return rows.map(statementOn);
  }

  /** For moderators of the app, newest first. @param before the last report of the page before */
  async list(
    caller: Caller,
    state: Report['state'],
    before: Id | null,
  ): Promise<{ reports: Report[]; more: boolean }> {
    requireModerator(caller);
    const appId = caller.app.id;
    let query = this.#core.db
      .selectFrom('chat_reports')
      .selectAll()
      .where('app_id', '=', appId)
      .where('state', '=', state);
    if (before !== null) {
      const last = await this.#row(appId, before);
      query = query.where((row) =>
        row.or([row('at', '<', last.at), row.and([row('at', '=', last.at), row('id', '<', last.id)])]),
      );
    }
    const rows = await query
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(page + 1)
      .execute();
    return { reports: await this.#seen(appId, rows.slice(0, page)), more: rows.length > page };
  }

  async get(caller: Caller, id: Id): Promise<Report> {
    requireModerator(caller);
    return this.#one(caller.app.id, id);
  }

  /** A moderator decides, or opens it again. */
  async decide(caller: Caller, id: Id, state: Report['state']): Promise<Report> {
    requireModerator(caller);
    const { app, user } = caller;
    const at = this.#core.clock.now();
    await this.#core.db.transaction().execute(async (trx) => {
      const changed = await trx
        .updateTable('chat_reports')
        .set({ state, handled_by: user, handled_at: at })
        .where('app_id', '=', app.id)
        .where('id', '=', id)
        .where('state', '!=', state)
        .returning(['person', 'conversation'])
        .executeTakeFirst();
      if (changed === undefined) return; // it is in that state already, or there is none
      const act = state === 'open' ? 'report-reopened' : `report-${state}`;
      await audit.add(trx, app.id, { actor: user, act, ...changed, detail: id, at });
      if (state === 'open') await this.#core.timers.cancel(trx, expiryTimer, app.id, id);
      else await this.#core.timers.set(trx, expiryTimer, app.id, id, at + keepClosedMs);
    });
    return this.#one(app.id, id);
  }

  /** Registers with those of the other parts. */
  readonly personalData: PersonalData = {
    name: 'reports',
    merge: async (trx, appId, from, into) => {
      for (const column of ['reporter', 'person', 'handled_by'] as const) {
        await trx
          .updateTable('chat_reports')
          .set({ [column]: into })
          .where('app_id', '=', appId)
          .where(column, '=', from)
          .execute();
      }
      for (const column of ['actor', 'person'] as const) {
        await trx
          .updateTable('chat_audit')
          .set({ [column]: into })
          .where('app_id', '=', appId)
          .where(column, '=', from)
          .execute();
      }
      // An id is 22 characters of chance: its text is nothing else's.
      await this.#rewrite(trx, appId, from, (context) => context.replaceAll(`"${from}"`, `"${into}"`));
      const reports = await trx
        .deleteFrom('chat_report_people')
        .where('app_id', '=', appId)
        .where('person', '=', from)
        .returning('report')
        .execute();
      for (const { report } of reports) {
        await trx
          .insertInto('chat_report_people')
          .values({ app_id: appId, report, person: into })
          .onConflict((conflict) => conflict.columns(['app_id', 'report', 'person']).doNothing())
          .execute();
      }
    },
    /** Who reported them they are not told; what was kept of their words they are. */
    export: async (appId, id) => {
      const { db } = this.#core;
      const made = await db
        .selectFrom('chat_reports')
        .select(['id', 'person', 'conversation', 'seq', 'reason', 'text', 'state', 'at'])
        .where('app_id', '=', appId)
        .where('reporter', '=', id)
        .orderBy('at')
        .execute();
      const quoting = await db
        .selectFrom('chat_reports as report')
        .innerJoin('chat_report_people as quoted', (join) =>
          join
            .onRef('quoted.app_id', '=', 'report.app_id')
            .onRef('quoted.report', '=', 'report.id')
            .on('quoted.person', '=', id),
        )
        .select('report.context')
        .where('report.app_id', '=', appId)
        .orderBy('report.at')
        .execute();
      const quoted = quoting
        .flatMap((row): Message[] => JSON.parse(row.context))
        .filter(({ author }) => author.id === id)
        .map(({ conversation, seq, text, at }) => ({ conversation, seq, text, at }));
      const acts = await db
        .selectFrom('chat_audit')
        .select(['act', 'person', 'conversation', 'detail', 'at'])
        .where('app_id', '=', appId)
        .where('actor', '=', id)
        .orderBy('at')
        .execute();
      const actsOnMe = await db
        .selectFrom('chat_audit')
        .select(['act', 'conversation', 'detail', 'at'])
        .where('app_id', '=', appId)
        .where('person', '=', id)
        .where('act', 'not like', 'report-%')
        .orderBy('at')
        .execute();
      return { made, quoted, acts, actsOnMe };
    },
    /** That there was a report and what was decided stays, with the id that is nobody’s any more. */
    erase: async (trx, appId, id) => {
      await trx
        .updateTable('chat_reports')
        .set({ text: '' })
        .where('app_id', '=', appId)
        .where('reporter', '=', id)
        .execute();
      await this.#rewrite(trx, appId, id, (context) =>
        JSON.stringify(withoutPerson(JSON.parse(context), id)),
      );
      await trx
        .deleteFrom('chat_report_people')
        .where('app_id', '=', appId)
        .where('person', '=', id)
        .execute();
      await trx
        .updateTable('chat_audit')
        .set({ detail: '' })
        .where('app_id', '=', appId)
        .where((row) => row.or([row('actor', '=', id), row('person', '=', id)]))
        .execute();
    },
  };

  async #contextOf(caller: Caller, { person, conversation, seq }: Complaint): Promise<readonly Message[]> {
    if (conversation === null && seq === null) return [];
    if (conversation === null || seq === null) {
      refuse('bad_request', { field: 'seq', message: 'Expected conversation and seq, or neither.' });
    }
    const context = await this.#options.conversations.around(caller, conversation, seq, around);
    const reported = context.find((message) => message.seq === seq);
    if (reported === undefined) refuse('not_found', { field: 'seq' });
    if (reported.author.id !== person) {
      refuse('bad_request', { field: 'person', message: 'Expected the author of the message.' });
    }
    return context;
  }

  async #rewrite(
    trx: ChatTransaction,
    appId: string,
    person: Id,
    change: (context: string) => string,
  ): Promise<void> {
    const rows = await trx
      .selectFrom('chat_report_people')
      .innerJoin('chat_reports', (join) =>
        join
          .onRef('chat_reports.app_id', '=', 'chat_report_people.app_id')
          .onRef('chat_reports.id', '=', 'chat_report_people.report'),
      )
      .select(['chat_reports.id', 'chat_reports.context'])
      .where('chat_report_people.app_id', '=', appId)
      .where('chat_report_people.person', '=', person)
      .execute();
    for (const { id, context } of rows) {
      await trx
        .updateTable('chat_reports')
        .set({ context: change(context) })
        .where('app_id', '=', appId)
        .where('id', '=', id)
        .execute();
    }
  }

  async #row(appId: string, id: Id): Promise<Row> {
    const row = await this.#core.db
      .selectFrom('chat_reports')
      .selectAll()
      .where('app_id', '=', appId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row ?? refuse('not_found');
  }

  async #one(appId: string, id: Id): Promise<Report> {
    const [report] = await this.#seen(appId, [await this.#row(appId, id)]);
    return report ?? refuse('not_found');
  }

  /** Rows as moderators see them: people by their names of today, files by addresses that are valid. */
  async #seen(appId: string, rows: readonly Row[]): Promise<Report[]> {
    const contexts = rows.map((row): Message[] => JSON.parse(row.context));
    const ids = new Set(rows.flatMap(({ reporter, person }) => [reporter, person]));
    const files = contexts.flatMap((messages) =>
      messages.flatMap(({ attachments }) => attachments.map(({ id }) => id)),
    );
    const [persons, described, rooms] = await Promise.all([
      this.#options.people.persons(appId, [...ids]),
      this.#options.attachments.describe(appId, files),
      this.#rooms(appId, rows),
    ]);
    const known = (id: Id) => persons.get(id) ?? gone(id);
    return rows.map((row, index) => ({
      id: row.id,
      reporter: known(row.reporter),
      person: known(row.person),
      conversation: row.conversation,
      room: rooms.get(row.conversation ?? '') ?? null,
      seq: row.seq,
      reason: row.reason as Report['reason'],
      text: row.text,
      context: (contexts[index] ?? []).map((message) => ({
        ...message,
        attachments: message.attachments.flatMap(({ id }) => described.get(id) ?? []),
      })),
      state: row.state as Report['state'],
      at: row.at,
    }));
  }

  async #rooms(appId: string, rows: readonly Row[]): Promise<ReadonlyMap<Id, Report['room']>> {
    const ids = new Set(rows.flatMap(({ conversation }) => conversation ?? []));
    if (ids.size === 0) return new Map();
    const rooms = await this.#core.db
      .selectFrom('chat_conversations')
      .select(['id', 'name', 'title'])
      .where('app_id', '=', appId)
      .where('id', 'in', [...ids])
      .where('kind', '=', 'room')
      .execute();
    return new Map(rooms.map(({ id, name, title }) => [id, { name, title }]));
  }

  async #expire(appId: string, id: Id): Promise<void> {
    await this.#core.db.transaction().execute(async (trx) => {
      const gone = await trx
        .deleteFrom('chat_reports')
        .where('app_id', '=', appId)
        .where('id', '=', id)
        .where('state', '!=', 'open')
        .returning('id')
        .executeTakeFirst();
      if (gone === undefined) return;
      await trx
        .deleteFrom('chat_report_people')
        .where('app_id', '=', appId)
        .where('report', '=', id)
        .execute();
    });
  }
}

function requireModerator(caller: Caller): void {
  if (!caller.moderator) refuse('forbidden', { message: 'Only moderators of the app see reports.' });
}

function statementOn(row: Pick<Row, 'id' | 'reason' | 'state' | 'at'>): Statement {
  const state = row.state as Report['state'];
  return {
    id: row.id,
    reason: row.reason as Report['reason'],
    state,
    at: row.at,
    statement: statements[state],
  };
}
