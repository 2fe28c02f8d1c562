import type { Id, Report } from '@earshot/chat/contract';
import type { Actions } from './actions.ts';
import type { Kernel } from './kernel.ts';
import type { Asked, ReportList, ReportsState, RoomRecords } from './records.ts';

/** What moderators read and decide: reports, and the records of a room. */
export type Moderation = Pick<
  Actions,
  'loadReports' | 'openReport' | 'closeReport' | 'decideReport' | 'visitReported' | 'loadRoomRecords'
>;

export interface ModerationParts {
  open(id: Id): void;
  jumpTo(id: Id, seq: number): void;
}

/** A room has a handful of people with a role; more are not listed. */
const staffPages = 5;

export function createModeration(kernel: Kernel, parts: ModerationParts): Moderation {
  const { env, api } = kernel;

  const reports = (): ReportsState =>
    kernel.state().records.reports ?? { lists: {}, openedId: null, opened: null };
  function setReports(change: Partial<ReportsState>): void {
    kernel.set({ records: { ...kernel.state().records, reports: { ...reports(), ...change } } });
  }
  function setList(state: Report['state'], list: Asked<ReportList>): void {
    setReports({ lists: { ...reports().lists, [state]: list } });
  }
  function setRoom(id: Id, value: Asked<RoomRecords>): void {
    const { records } = kernel.state();
    kernel.set({ records: { ...records, rooms: new Map(records.rooms).set(id, value) } });
  }

  /** Away from the list where it was, into the one where it belongs, at its place by time. */
  function withDecided(report: Report): ReportsState['lists'] {
    const lists: Partial<Record<Report['state'], Asked<ReportList>>> = {};
    for (const [state, list] of Object.entries(reports().lists) as [Report['state'], Asked<ReportList>][]) {
      lists[state] = list;
      if (list.phase !== 'ready') continue;
      const others = list.value.reports.filter(({ id }) => id !== report.id);
      const all = state === report.state ? [...others, report].sort((a, b) => b.at - a.at) : others;
      lists[state] = { phase: 'ready', value: { ...list.value, reports: all } };
    }
    return lists;
  }

  async function staffOf(id: Id) {
    const staff: RoomRecords['staff'][number][] = [];
    let after: Id | undefined;
    for (let page = 0; page < staffPages; page++) {
      const { problem, value } = await api.call('GET /conversations/:/members', { staff: 'true', after }, id);
      if (problem !== null) return { problem, staff };
      staff.push(...value.members);
      after = value.members.at(-1)?.id;
      if (!value.more) break;
    }
    return { problem: null, staff };
  }

  return {
    async loadReports(state, older = false) {
      const known = reports().lists[state];
      const before = older && known?.phase === 'ready' ? known.value.reports.at(-1)?.id : undefined;
      if (known?.phase !== 'ready') setList(state, { phase: 'loading', since: env.now() });
      const { problem, value } = await api.call('GET /reports', { state, before });
      if (problem !== null) {
        // What is there stays there.
        if (known?.phase === 'ready') kernel.problem(problem);
        else setList(state, { phase: 'failed', problem });
        return;
      }
      const { reports: found, more } = value;
      const now = reports().lists[state];
      const shown = before !== undefined && now?.phase === 'ready' ? now.value.reports : [];
      const added = found.filter(({ id }) => !shown.some((one) => one.id === id));
      setList(state, { phase: 'ready', value: { reports: [...shown, ...added], more } });
    },
    async openReport(id) {
      setReports({ openedId: id, opened: { phase: 'loading', since: env.now() } });
      const { problem, value } = await api.call('GET /reports/:', id);
      if (reports().openedId !== id) return; // another one, or none, meanwhile
      setReports({
        opened: problem === null ? { phase: 'ready', value } : { phase: 'failed', problem },
      });
    },
    async closeReport() {
      setReports({ openedId: null, opened: null });
    },
    async decideReport(id, state) {
      const { problem, value } = await api.call('POST /reports/:', { state }, id);
      if (problem !== null) return kernel.problem(problem);
      const { opened } = reports();
      setReports({
        lists: withDecided(value),
        opened: opened?.phase === 'ready' && opened.value.id === id ? { phase: 'ready', value } : opened,
      });
      kernel.done('saved');
    },
    async visitReported({ conversation, seq }) {
      if (conversation === null) return;
      const known = kernel.conversation(conversation);
      if (known === undefined || known.removed !== null) {
        const { problem, value } = await api.call('POST /rooms/open', { kind: 'id', id: conversation });
        if (problem !== null) return kernel.problem(problem);
        kernel.put(value);
      }
      parts.open(conversation);
      if (seq !== null) parts.jumpTo(conversation, seq);
    },
    async loadRoomRecords(id) {
      const known = kernel.state().records.rooms?.get(id);
      if (known?.phase !== 'ready') setRoom(id, { phase: 'loading', since: env.now() });
      const [{ staff, ...members }, bans, audit] = await Promise.all([
        staffOf(id),
        api.call('GET /conversations/:/bans', id),
        api.call('GET /conversations/:/audit', id),
      ]);
      const problem = members.problem ?? bans.problem ?? audit.problem;
      if (problem !== null) return setRoom(id, { phase: 'failed', problem });
      const value = { staff, bans: bans.value?.bans ?? [], acts: audit.value?.entries ?? [] };
      setRoom(id, { phase: 'ready', value });
    },
  };
}
