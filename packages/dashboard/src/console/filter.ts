import { type TraceEntry, type TraceKind, traceKinds } from '../contract.ts';

/** What the console shows. Empty texts and an empty list of kinds leave nothing out. */
export interface ConsoleFilter {
  readonly kinds: readonly TraceKind[];
  /** A beginning of the channel's name. */
  readonly channel: string;
  readonly user: string;
  readonly socket: string;
  /** Looked for in all of an entry, in this browser. */
  readonly text: string;
}

export const noFilter: ConsoleFilter = { kinds: [], channel: '', user: '', socket: '', text: '' };

/** Longer than any name there is; what is longer has been pasted by mistake. */
const lengthMax = 300;

/** The filter that an address asks for: `?kind=published,sent&channel=&user=&socket=&text=`. Unknown kinds are left out. */
export function filterOf(query: URLSearchParams): ConsoleFilter {
  const asked = new Set(query.getAll('kind').flatMap((value) => value.split(',')));
  const text = (name: string) => (query.get(name) ?? '').slice(0, lengthMax);
  return {
    kinds: traceKinds.filter((kind) => asked.has(kind)),
    channel: text('channel'),
    user: text('user'),
    socket: text('socket'),
    text: text('text'),
  };
}

/** The filter as the query of an address; '' when nothing is filtered. */
export function queryOf(filter: ConsoleFilter): string {
  const query = new URLSearchParams();
  if (filter.kinds.length > 0) query.set('kind', filter.kinds.join(','));
  for (const name of ['channel', 'user', 'socket', 'text'] as const) {
    if (filter[name] !== '') query.set(name, filter[name]);
  }
  // Commas and colons of names are legible and allowed there.
  return query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
}

/** The part that the server filters by, as the query of its stream. Another one needs another stream. */
export function streamQuery(filter: ConsoleFilter): Record<string, string> {
  const { kinds, channel, user, socket } = filter;
  return Object.fromEntries(
    Object.entries({ kinds: kinds.join(','), channel, user, socket }).filter(([, value]) => value !== ''),
  );
}

export function isFiltered(filter: ConsoleFilter): boolean {
  return queryOf(filter) !== '';
}

/** Whether an entry passes: the server's part, for entries that came before the filter was changed, and the text. */
export function passes(filter: ConsoleFilter, entry: TraceEntry): boolean {
  if (filter.kinds.length > 0 && !filter.kinds.includes(entry.kind)) return false;
  if (filter.channel !== '' && !entry.channel?.startsWith(filter.channel)) return false;
  if (filter.user !== '' && entry.userId !== filter.user) return false;
  if (filter.socket !== '' && entry.socketId !== filter.socket) return false;
  return filter.text === '' || haystack(entry).includes(filter.text.toLowerCase());
}

const haystacks = new WeakMap<TraceEntry, string>();

/** Everything of an entry that a person may look for, in small letters; put together once. */
function haystack(entry: TraceEntry): string {
  const known = haystacks.get(entry);
  if (known !== undefined) return known;
  const { kind, channel, event, data, socketId, userId, transport, code, reason, method, path, node } = entry;
  const made = [kind, channel, event, data, socketId, userId, transport, code, reason, method, path, node]
    .filter((part) => part !== undefined)
    .join('\n')
    .toLowerCase();
  haystacks.set(entry, made);
  return made;
}
