import { defaultLimits, parseChannelName } from '@earshot/protocol';
import type { EventDraft } from '../contract.ts';

export type DraftProblems = ReadonlyMap<'channel' | 'event' | 'data' | 'socketId' | 'form', string>;

/**
 * What can be told without the server, by field. Only what every app refuses: an app's own limits may be wider than the
 * defaults, so lengths are left to the server.
 */
export function problemsOf(draft: EventDraft): DraftProblems {
  const problems = new Map<'channel' | 'event' | 'data' | 'socketId' | 'form', string>();
  if (draft.channel === '') problems.set('channel', 'Name the channel.');
  else if (parseChannelName(draft.channel, Number.POSITIVE_INFINITY) === null) {
    problems.set('channel', 'A channel’s name has letters, digits and - _ = @ , . ; only.');
  }
  if (draft.event === '') problems.set('event', 'Name the event.');
  else if (/^pusher(_internal)?:/.test(draft.event)) {
    problems.set('event', 'Names that begin with pusher: belong to the protocol.');
  }
  if (draft.socketId !== undefined && !/^\d+\.\d+$/.test(draft.socketId)) {
    problems.set('socketId', 'A socket id is two numbers with a dot between them, like 123.456.');
  }
  return problems;
}

/** Bytes of the data as they count towards the limit of an event. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** What an app allows unless its settings say otherwise. */
export const dataBytesDefault = defaultLimits.eventBytes;

/** What a channel is, in a sentence: it changes what happens to an event. */
export function aboutChannel(name: string): string | null {
  const parsed = parseChannelName(name, Number.POSITIVE_INFINITY);
  if (parsed === null) return null;
  const kept = parsed.cached ? ' It keeps its last event for those who subscribe later.' : '';
  switch (parsed.kind) {
    case 'public':
      return `A public channel: whoever has the key may subscribe.${kept}`;
    case 'private':
      return `A private channel: subscribers have your server’s signature.${kept}`;
    case 'presence':
      return `A presence channel: its members see each other.${kept}`;
    case 'encrypted':
      return `An encrypted channel: clients expect data that your server has encrypted, and cannot read what is sent from here.${kept}`;
    case 'user':
      return `All connections of the user ${parsed.userId}.`;
  }
}
