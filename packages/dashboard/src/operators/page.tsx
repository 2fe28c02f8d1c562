import { useState } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { Operator } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { Empty } from '../parts/empty.tsx';
import { Failing } from '../parts/failing.tsx';
import { formatDay } from '../parts/format.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { useDesk } from '../shell/desk.ts';
import { ChangePassword, NewOperator } from './forms.tsx';

type Open =
  | { readonly is: 'new' }
  | { readonly is: 'password'; readonly operator: Operator }
  | { readonly is: 'delete'; readonly operator: Operator };

/** Who may sign in here, besides whoever can make a link on the server. */
export default function OperatorsPage() {
  const { api, session, notify, signedOut } = useDesk();
  const [open, setOpen] = useState<Open | null>(null);
  const { loaded, reload } = useLoad<readonly Operator[]>('operators', (signal) =>
    api.request('GET', '/operators', { signal }),
  );
  const own = session.operator?.id;
  const close = () => setOpen(null);

  const columns: readonly Column<Operator>[] = [
    {
      id: 'name',
      title: 'Name',
      isHead: true,
      sort: (operator) => operator.name,
      cell: (operator) => (
        <span class="app-cell">
          <strong>
            <bdi>{operator.name}</bdi>
          </strong>
          {operator.id === own && <Badge kind="accent">You</Badge>}
        </span>
      ),
    },
    {
      id: 'seen',
      title: 'Last seen',
      sort: (operator) => operator.lastSeenAt ?? 0,
      cell: ({ lastSeenAt }) =>
        lastSeenAt === null ? <span class="absent">Never</span> : <Ago at={lastSeenAt} />,
    },
    {
      id: 'since',
      title: 'Since',
      sort: (operator) => operator.createdAt,
      cell: (operator) => formatDay(operator.createdAt),
    },
    {
      id: 'actions',
      title: 'What can be done',
      quiet: true,
      numeric: true,
      cell: (operator) =>
        operator.lockedBy !== null ? (
          <span class="locked">
            <Glyph name="lock" />
            <span>
              Set by <code>{operator.lockedBy}</code>
            </span>
          </span>
        ) : (
          <span class="row-actions">
            {operator.id === own && (
              <button
                type="button"
                class="button button-small"
                onClick={() => setOpen({ is: 'password', operator })}
              >
                Change password
              </button>
            )}
            <button
              type="button"
              class="button button-small button-danger-quiet"
              onClick={() => setOpen({ is: 'delete', operator })}
            >
              Delete<span class="visually-hidden"> {operator.name}</span>
            </button>
          </span>
        ),
    },
  ];

  return (
    <div class="page">
      <header class="page-head">
        <h1>Operators</h1>
        <button type="button" class="button button-primary" onClick={() => setOpen({ is: 'new' })}>
          <Glyph name="plus" />
          New operator
        </button>
      </header>
      <p class="page-lead">
        Operators sign in with a name and a password and can do everything here. Whoever can run{' '}
        <code>earshot login-link</code> on the server gets in without one.
      </p>
      {loaded.value === undefined ? (
        loaded.is === 'loading' ? (
          <Skeleton lines={4} />
        ) : (
          <Failing failure={loaded.failure} what="The operators cannot be shown" retry={reload} />
        )
      ) : (
        <Table
          label="Operators"
          columns={columns}
          rows={loaded.value}
          rowKey={(operator) => operator.id}
          textOf={(operator) => operator.name}
          filterLabel="Filter operators"
          empty={
            <Empty title="No operator yet">
              <p>
                So far, single-use links are the only way in. Make an operator to sign in with a password.
              </p>
              <button type="button" class="button button-primary" onClick={() => setOpen({ is: 'new' })}>
                New operator
              </button>
            </Empty>
          }
        />
      )}
      {open?.is === 'new' && (
        <NewOperator
          onClose={close}
          onDone={(operator) => {
            notify({ kind: 'good', text: `${operator.name} can sign in now.` });
            void reload();
          }}
        />
      )}
      {open?.is === 'password' && (
        <ChangePassword
          operator={open.operator}
          onClose={close}
          onDone={() => notify({ kind: 'good', text: 'Your password is changed.' })}
        />
      )}
      {open?.is === 'delete' && (
        <Confirm
          title={`Delete ${open.operator.name}?`}
          action="Delete operator"
          onClose={close}
          onConfirm={async () => {
            await api.request('DELETE', pathOf`/operators/${open.operator.id}`);
            if (open.operator.id === own) return signedOut();
            notify({ kind: 'good', text: `${open.operator.name} is deleted.` });
            await reload();
          }}
        >
          <p>
            {open.operator.id === own
              ? 'This is you: you are signed out at once, everywhere.'
              : 'They are signed out at once, everywhere, and cannot sign in any more.'}
          </p>
        </Confirm>
      )}
    </div>
  );
}
