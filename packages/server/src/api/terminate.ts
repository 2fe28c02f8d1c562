import { everyNode } from '../cluster/bus.ts';
import { okEmpty } from './answer.ts';
import type { Endpoint } from './call.ts';

/** `POST …/users/{id}/terminate_connections` (API-15): here at once, on the other nodes when they hear of it. */
export const terminate: Endpoint = (parts, call) => {
  const userId = call.path[0] ?? '';
  parts.connections.terminateUser(call.app.id, userId);
  parts.bus.relay(everyNode, { kind: 'terminate', appId: call.app.id, userId });
  return okEmpty();
};
