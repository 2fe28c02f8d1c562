import { browserNetwork } from './client/link.ts';
import { start } from './shell/start.tsx';

/** What is in front of `/dashboard`: this file is below `{prefix}/dashboard/assets/`. */
const prefix = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

const root = document.getElementById('desk');
if (root === null) throw new Error('the page has no element #desk');
start(root, { fetch: (url, init) => fetch(url, init), prefix, network: browserNetwork });
