import { createHash } from 'node:crypto';
import type { Id } from '../contract/index.ts';

/** What makes a conversation the only one of its sort within its app: the column `unique_key`. */
export const lobbyKey = 'lobby';

/** A room's short name, however it is written. */
export const namedKey = (name: string): string => `named:${name.normalize('NFKC').toLowerCase()}`;

/** A page's room: nobody reads addresses out of the database, which may hold what a page's readers alone know. */
export const pageKey = (address: string): string => `page:${digest(address)}`;

/** A room whose id the host signed; the id is the host's own and may mean something there. */
export const signedKey = (room: string): string => `signed:${digest(room)}`;

/** Of two people, whichever comes first. */
export const directKey = (a: Id, b: Id): string => `direct:${[a, b].sort().join(':')}`;

/** SHA-256, base64url. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
