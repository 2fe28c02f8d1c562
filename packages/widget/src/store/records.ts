import type { AuditEntry, Id, Person, Report, Role } from '@earshot/chat/contract';
import type { Problem } from './problem.ts';

/** What is asked for only while somebody looks at it. Missing: not asked for yet. */
export interface Records {
  /** For moderators of the app. */
  readonly reports?: ReportsState;
  /** For those who may moderate in a room, by the room. */
  readonly rooms?: ReadonlyMap<Id, Asked<RoomRecords>>;
  readonly sessions?: Asked<readonly SessionInfo[]>;
}

export type Asked<T> =
  | { readonly phase: 'loading'; readonly since: number }
  | { readonly phase: 'failed'; readonly problem: Problem }
  | { readonly phase: 'ready'; readonly value: T };

export interface ReportsState {
  /** Newest first, by what was decided. */
  readonly lists: Readonly<Partial<Record<Report['state'], Asked<ReportList>>>>;
  /** The one that is asked for, and what came of it. */
  readonly openedId: Id | null;
  readonly opened: Asked<Report> | null;
}

export interface ReportList {
  readonly reports: readonly Report[];
  /** There are older ones. */
  readonly more: boolean;
}

export interface RoomRecords {
  /** Those with a role. */
  readonly staff: readonly (Person & { readonly role: Role })[];
  readonly bans: readonly Ban[];
  /** What moderators have done, the last act first. */
  readonly acts: readonly AuditEntry[];
}

export interface Ban {
  readonly person: Person;
  /** Null: for good. */
  readonly until: number | null;
  readonly by: Person;
  readonly reason: string;
  readonly at: number;
}

/** Where I am signed in. */
export interface SessionInfo {
  readonly id: Id;
  /** This one. */
  readonly current: boolean;
  /** The site. */
  readonly origin: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly userAgent?: string | undefined;
}
