import { useEffect, useRef } from 'preact/hooks';
import { pathOf } from '../client/api.ts';
import { useLoad } from '../client/use-load.ts';
import type { AppDetail } from '../contract.ts';
import { appPages } from '../pages.ts';
import { Badge } from '../parts/badge.tsx';
import { Failing } from '../parts/failing.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { useDesk, usePlace } from './desk.ts';
import { LazyPage } from './lazy-page.tsx';
import { DeskLink } from './link.tsx';
import { Nowhere } from './nowhere.tsx';

/** An app: its name, its tabs, and the page of the one that is chosen. */
export function AppFrame({ id }: { id: string }) {
  const { api, apps, router } = useDesk();
  const { path } = usePlace();
  const { loaded, reload, set } = useLoad<AppDetail>(id, (signal) =>
    api.request('GET', pathOf`/apps/${id}`, { signal }),
  );
  const pageId = path.split('/')[3];
  const page = appPages.find((one) => one.id === pageId);
  const tabs = useRef<HTMLElement>(null);
  const toFirst = pageId === undefined || pageId === '';

  useEffect(() => {
    if (toFirst) void router.go(pathOf`/apps/${id}/${appPages[0]?.id ?? ''}`, { replace: true });
  }, [toFirst, id, router]);

  // On a narrow screen the tabs scroll; the one that is chosen is in view.
  useEffect(() => {
    tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [pageId]);

  // The list has the name sooner than the app itself.
  const app = loaded.value;
  const name = app?.name ?? apps.loaded.value?.find((one) => one.id === id)?.name;
  if (loaded.is === 'failed' && app === undefined) {
    if (loaded.failure.code === 'not_found') return <Nowhere what={`There is no app ${id}.`} />;
    return <Failing failure={loaded.failure} what="The app cannot be shown" retry={reload} />;
  }

  return (
    <>
      <header class="app-head">
        <div class="app-title">
          <h1>{name === undefined ? <Skeleton lines={1} /> : <bdi>{name}</bdi>}</h1>
          <p class="app-facts">
            <span>
              App id <code>{id}</code>
            </span>
            {app && !app.enabled && <Badge kind="warn">Disabled</Badge>}
          </p>
        </div>
        <nav class="app-tabs" aria-label="Pages of this app" ref={tabs}>
          <ul>
            {appPages.map((one) => (
              <li key={one.id}>
                <DeskLink to={pathOf`/apps/${id}/${one.id}`} current={one === page}>
                  {one.title}
                </DeskLink>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      {page === undefined ? (
        !toFirst && <Nowhere />
      ) : app === undefined ? (
        <Skeleton lines={6} />
      ) : (
        <LazyPage
          key={page.id}
          title={`${page.title} · ${app.name}`}
          load={page.load}
          props={{
            app,
            onAppChanged: (changed) => {
              set(changed);
              void apps.reload();
            },
          }}
        />
      )}
    </>
  );
}
