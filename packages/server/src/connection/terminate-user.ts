import { type Bus, everyNode } from '../cluster/bus.ts';
import type { Connections } from './connections.ts';

/** Closes the connections that are signed in as the user: here at once, on the other nodes when they hear of it. */
export function terminateUser(
  parts: { readonly connections: Connections; readonly bus: Bus },
  appId: string,
  userId: string,
): void {
  parts.connections.terminateUser(appId, userId);
  parts.bus.relay(everyNode, { kind: 'terminate', appId, userId });
}
