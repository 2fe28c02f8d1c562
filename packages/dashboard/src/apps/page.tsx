import { useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import type { AppSummary } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { formatFigure } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useDesk, useQuery } from '../shell/desk.ts';
import { DeskLink } from '../shell/link.tsx';
import { NewApp } from './new-app.tsx';

const columns: readonly Column<AppSummary>[] = [
  {
    id: 'name',
    title: 'App',
    isHead: true,
    sort: (app) => app.name,
    cell: (app) => (
      <span class="app-cell">
        <DeskLink to={pathOf`/apps/${app.id}/overview`}>
          <bdi>{app.name}</bdi>
        </DeskLink>
        {!app.enabled && <Badge kind="warn">Disabled</Badge>}
      </span>
    ),
  },
  { id: 'id', title: 'App id', cell: (app) => <code>{app.id}</code>, sort: (app) => app.id },
  {
    id: 'connections',
    title: 'Connections',
    numeric: true,
    sort: (app) => app.connections,
    cell: (app) => formatFigure(app.connections),
  },
  {
    id: 'rate',
    title: 'Messages a minute',
    numeric: true,
    sort: (app) => app.messagesPerMinute,
    cell: (app) => formatFigure(app.messagesPerMinute),
  },
  {
    id: 'today',
    title: 'Messages today',
    numeric: true,
    sort: (app) => app.messagesToday,
    cell: (app) => formatFigure(app.messagesToday),
  },
];

/** Every app with its figures, and the way to another one. */
export default function AppsPage() {
  const { apps } = useDesk();
  const { loaded, reload } = apps;
  // In the address, so that the plus in the rail leads here from anywhere.
  const [asked, setAsked] = useQuery('new');
  const [made, setMade] = useState(0);
  const open = () => setAsked('1');

  return (
    <div class="page">
      <header class="page-head">
        <h1>Apps</h1>
        <button type="button" class="button button-primary" onClick={open}>
          <Glyph name="plus" />
          New app
        </button>
      </header>
      {loaded.value === undefined ? (
        loaded.is === 'loading' ? (
          <Skeleton lines={6} />
        ) : (
          <Failing failure={loaded.failure} what="The apps cannot be shown" retry={reload} />
        )
      ) : (
        <Table
          label="Apps"
          columns={columns}
          rows={loaded.value}
          rowKey={(app) => app.id}
          textOf={(app) => `${app.name} ${app.id}`}
          filterLabel="Filter apps"
          empty={
            <Empty title="No app yet">
              <p>
                An app is a key for your clients and a secret for your servers; channels and figures belong to
                it.
              </p>
              <button type="button" class="button button-primary" onClick={open}>
                New app
              </button>
            </Empty>
          }
        />
      )}
      {asked !== '' && (
        <NewApp
          key={made}
          onClose={() => {
            setMade(made + 1);
            setAsked('');
          }}
        />
      )}
    </div>
  );
}
