import { everyNode } from '../cluster/bus.ts';
import { okEmpty } from './answer.ts';
import type { ApiParts, Endpoint } from './call.ts';

/** `POST …/users/{id}/terminate_connections` (API-15). */
export const terminate: Endpoint = (parts, call) => {
  terminateUser(parts, call.app.id, call.path[0] ?? '');
  return okEmpty();
};

/** Closes the connections that are signed in as the user: here at once, on the other nodes when they hear of it. */
export function terminateUser(parts: ApiParts, appId: string, userId: string): void {
  parts.connections.terminateUser(appId, userId);
  parts.bus.relay(everyNode, { kind: 'terminate', appId, userId });
}
