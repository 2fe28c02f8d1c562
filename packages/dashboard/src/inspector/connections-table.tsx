import type { ComponentChildren } from 'preact';
import { pathOf } from '../client/api.ts';
import { transportNames } from '../console/format.ts';
import type { ConnectionRow } from '../contract.ts';
import { formatBytes, formatNumber } from '../parts/format.ts';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { DeskLink } from '../shell/link.tsx';

export interface ConnectionsTableProps {
  readonly appId: string;
  readonly connections: readonly ConnectionRow[];
  readonly empty: ComponentChildren;
}

/** Connections, a row each. The node is named where there are several. */
export function ConnectionsTable({ appId, connections, empty }: ConnectionsTableProps) {
  const nodes = new Set(connections.map(({ node }) => node));
  const columns: readonly Column<ConnectionRow>[] = [
    {
      id: 'socket',
      title: 'Socket id',
      isHead: true,
      cell: ({ socketId }) => (
        <DeskLink class="inspector-name inspector-socket" to={pathOf`/apps/${appId}/connections/${socketId}`}>
          {socketId}
        </DeskLink>
      ),
    },
    {
      id: 'user',
      title: 'User',
      sort: ({ userId }) => userId ?? '',
      cell: ({ userId }) =>
        userId === null ? (
          <span class="absent">not signed in</span>
        ) : (
          <bdi class="inspector-user">{userId}</bdi>
        ),
    },
    {
      id: 'transport',
      title: 'Transport',
      sort: ({ transport }) => transport,
      cell: ({ transport }) => <span class="inspector-whole">{transportNames[transport]}</span>,
    },
    {
      id: 'channels',
      title: 'Channels',
      numeric: true,
      sort: ({ channels }) => -channels,
      cell: ({ channels }) => formatNumber(channels),
    },
    {
      id: 'queue',
      title: 'Queued',
      numeric: true,
      sort: ({ queuedBytes }) => -queuedBytes,
      cell: ({ queuedBytes }) => <span class="inspector-whole">{formatBytes(queuedBytes)}</span>,
    },
    {
      id: 'since',
      title: 'Connected',
      sort: ({ connectedAt }) => -connectedAt,
      cell: ({ connectedAt }) => (
        <span class="inspector-whole">
          <Ago at={connectedAt} />
        </span>
      ),
    },
    ...(nodes.size > 1
      ? [
          {
            id: 'node',
            title: 'Node',
            sort: ({ node }: ConnectionRow) => node,
            cell: ({ node }: ConnectionRow) => (
              <code class="inspector-whole" title={node}>
                {node.slice(0, 8)}
              </code>
            ),
          },
        ]
      : []),
  ];
  return (
    <Table
      label="Connections"
      columns={columns}
      rows={connections}
      rowKey={({ socketId }) => socketId}
      empty={empty}
    />
  );
}
