import type { AppRegistry } from '../apps/registry.ts';
import type { Fact } from '../channels/facts.ts';
import type { Trace } from './trace.ts';

/** Puts down a fact of the cluster; to be called on the node that is its origin, so that it is shown once. */
export function noteFact(trace: Trace, apps: Pick<AppRegistry, 'byId'>, fact: Fact): void {
  const app = apps.byId(fact.appId);
  if (app === undefined || !trace.isWatched(app)) return;
  switch (fact.type) {
    case 'channel_occupied':
    case 'channel_vacated':
      trace.note(app, { kind: fact.type, channel: fact.channel });
      break;
    case 'member_added':
      trace.note(app, { kind: fact.type, channel: fact.channel, userId: fact.userId, data: fact.userInfo });
      break;
    case 'member_removed':
      trace.note(app, { kind: fact.type, channel: fact.channel, userId: fact.userId });
      break;
  }
}
