import { Mark } from '@earshot/ui';
import { pathOf } from '../client/api.ts';
import { Glyph } from '../parts/glyph.tsx';
import { Skeleton } from '../parts/skeleton.tsx';
import { useDesk, usePlace } from './desk.ts';
import { DeskLink } from './link.tsx';

/** The left side: all apps, the operators, the way out. */
export function Rail() {
  const { apps, session, notify, signOut } = useDesk();
  const { path } = usePlace();
  const [, , appId, page = 'overview'] = path.split('/');
  const { loaded } = apps;

  const leave = () =>
    signOut().catch((error: Error) =>
      notify({ kind: 'bad', text: `You are still signed in. ${error.message}` }),
    );

  return (
    <div class="rail">
      <DeskLink class="brand" to="/">
        <Mark />
        Earshot
      </DeskLink>
      <nav aria-label="Apps" class="rail-apps">
        <div class="rail-heading">
          <DeskLink to="/" current={path === '/'}>
            Apps
          </DeskLink>
          <DeskLink to="/?new=1" class="rail-new">
            <Glyph name="plus" />
            <span class="visually-hidden">New app</span>
          </DeskLink>
        </div>
        {loaded.value === undefined ? (
          loaded.is === 'loading' && <Skeleton lines={3} />
        ) : (
          <ul>
            {loaded.value.map((app) => {
              const chosen = appId !== undefined && decodeURIComponent(appId) === app.id;
              return (
                <li key={app.id}>
                  <DeskLink
                    class="rail-app"
                    // From one app to another, the page stays.
                    to={pathOf`/apps/${app.id}/${page}`}
                    current={chosen}
                  >
                    <span class={app.enabled ? 'rail-tile' : 'rail-tile rail-tile-off'} aria-hidden="true">
                      {initial(app.name)}
                    </span>
                    <bdi class="rail-name">{app.name}</bdi>
                    {!app.enabled && <span class="rail-note">off</span>}
                  </DeskLink>
                </li>
              );
            })}
          </ul>
        )}
      </nav>
      <div class="rail-foot">
        <DeskLink class="rail-app" to="/operators" current={path === '/operators'}>
          <Glyph name="people" />
          <span class="rail-name">Operators</span>
        </DeskLink>
        <button type="button" class="rail-app" onClick={leave}>
          <Glyph name="leave" />
          <span class="rail-name">Sign out</span>
        </button>
        <p class="rail-who">
          <bdi>{session.operator?.name ?? 'Signed in by link'}</bdi>
          <span>Earshot {session.version}</span>
        </p>
      </div>
    </div>
  );
}

/** The first sign of a name, whatever a reader takes for one. */
function initial(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return (first?.segment ?? '?').toLocaleUpperCase();
}
