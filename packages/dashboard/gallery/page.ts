import { start } from '../src/shell/start.tsx';
import { fakeFetch } from './fake.ts';
import { routes } from './routes.ts';
import { states } from './states.ts';

/** Shows one state: `/g/{state}/dashboard/…`; `?lang`-less, as the dashboard is in English. The address is the page's own. */
const [prefix = '', name = ''] = /^\/g\/([^/]+)/.exec(location.pathname) ?? [];
const state = states[name];
if (state === undefined) {
  throw new Error(`There is no state ${name}. There are: ${Object.keys(states).join(', ')}`);
}
const network = { online: state.online ?? true, listen: () => {} };
const root = document.getElementById('desk');
if (root === null) throw new Error('the page has no element #desk');
start(root, { fetch: fakeFetch(prefix, routes, state.routes ?? {}), prefix, network });
document.documentElement.dataset.ready = '';
