import { terminateUser } from '../connection/terminate-user.ts';
import { okEmpty } from './answer.ts';
import type { Endpoint } from './call.ts';

/** `POST …/users/{id}/terminate_connections` (API-15). */
export const terminate: Endpoint = (parts, call) => {
  terminateUser(parts, call.app.id, call.path[0] ?? '');
  return okEmpty();
};
