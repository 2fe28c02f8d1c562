import { CopyButton } from '@earshot/ui';
import type { ComponentChildren } from 'preact';
import type { TraceEntry } from '../contract.ts';
import { counted, formatBytes, formatDuration, formatMoment } from '../parts/format.ts';
import { JsonView } from '../parts/json-view.tsx';
import { DeskLink } from '../shell/link.tsx';
import type { ConsoleFilter } from './filter.ts';
import { requestOf, transportNames } from './format.ts';
import { asJson } from './lines.ts';

/** Where a line leads. */
export interface DetailsLinks {
  /** Paths of the dashboard. */
  readonly channel: (name: string) => string;
  readonly connection: (socketId: string) => string;
  /** Narrows the console to what has this in common. */
  readonly narrow: (part: Partial<ConsoleFilter>) => void;
}

/** Everything that is known of an entry, with what one may do next. */
export function Details({ entry, links }: { entry: TraceEntry; links: DetailsLinks }) {
  const { channel, event, socketId, userId, transport, code, reason, durationMs, recipients, dataBytes } =
    entry;
  const only = (part: Partial<ConsoleFilter>) => (
    <button type="button" class="text-action" onClick={() => links.narrow(part)}>
      Only this
    </button>
  );
  return (
    <div class="console-details">
      <dl class="fact-list">
        <Fact name="Time">{formatMoment(entry.at)}</Fact>
        {channel !== undefined && (
          <Fact name="Channel">
            <code>{channel}</code> {only({ channel })}{' '}
            <DeskLink to={links.channel(channel)}>Look at it</DeskLink>
          </Fact>
        )}
        {event !== undefined && (
          <Fact name="Event">
            <code>{event}</code>
          </Fact>
        )}
        {userId !== undefined && (
          <Fact name="User">
            <code>{userId}</code> {only({ user: userId })}
          </Fact>
        )}
        {socketId !== undefined && (
          <Fact name="Connection">
            <code>{socketId}</code> {only({ socket: socketId })}{' '}
            <DeskLink to={links.connection(socketId)}>Look at it</DeskLink>
          </Fact>
        )}
        {transport !== undefined && <Fact name="Transport">{transportNames[transport]}</Fact>}
        {entry.path !== undefined && (
          <Fact name={entry.kind === 'webhook' ? 'To' : 'Request'}>
            <code>{requestOf(entry)}</code>
          </Fact>
        )}
        {code !== undefined && <Fact name={codeName(entry)}>{code}</Fact>}
        {reason !== undefined && reason !== '' && <Fact name="Reason">{reason}</Fact>}
        {durationMs !== undefined && <Fact name="Took">{formatDuration(durationMs)}</Fact>}
        {recipients !== undefined && (
          <Fact name="Went to">{counted(recipients, 'subscription')} of this node</Fact>
        )}
        {dataBytes !== undefined && <Fact name="Size of the data">{formatBytes(dataBytes)}</Fact>}
        <Fact name="Node">
          <code>{entry.node}</code>
        </Fact>
      </dl>
      {entry.data !== undefined && <JsonView text={entry.data} what="data" />}
      {entry.dataIs === 'cut' && <p class="hint">Cut after 4 KiB for this page. Clients get all of it.</p>}
      {entry.dataIs === 'hidden' && (
        <p class="hint">
          The content is hidden: the app’s settings keep channels whose name begins like this one’s out of the
          desk. Clients get it whole.
        </p>
      )}
      <div class="console-details-foot">
        The whole entry as JSON
        <CopyButton text={() => asJson([entry])} what="this entry as JSON" />
      </div>
    </div>
  );
}

function codeName({ kind }: TraceEntry): string {
  return kind === 'api_request' || kind === 'webhook' ? 'Status' : 'Code';
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
