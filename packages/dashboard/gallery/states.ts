import { deskStates } from './desk-states.ts';
import { never, refusal, throws } from './fake.ts';
import type { GalleryState } from './state.ts';
import { longName } from './world.ts';

const signedOut = () => refusal(401, 'signed_out', 'Sign in first.');
const ways = (password: boolean, provider: string | null) => () => ({ password, provider });

const signInStates: Record<string, GalleryState> = {
  'sign-in': {
    path: '/',
    routes: { 'GET /session': signedOut, 'GET /ways': ways(true, 'Riverside SSO') },
  },
  'sign-in-link': { path: '/', routes: { 'GET /session': signedOut, 'GET /ways': ways(false, null) } },
  'sign-in-expired': {
    path: '/#sign-in=used',
    routes: {
      'GET /session': signedOut,
      'GET /ways': ways(true, null),
      'POST /session': () => refusal(403, 'forbidden', 'unknown'),
    },
  },
  'sign-in-wrong': {
    path: '/',
    routes: {
      'GET /session': signedOut,
      'GET /ways': ways(true, null),
      'POST /session': () => refusal(403, 'forbidden', 'wrong'),
    },
    acts: [
      (page) => page.getByLabel('Name').fill('robin'),
      (page) => page.getByLabel('Password').fill('guess'),
      (page) => page.getByRole('button', { name: 'Sign in' }).click(),
    ],
  },
  'sign-in-too-many': {
    path: '/#sign-in=late',
    routes: {
      'GET /session': signedOut,
      'GET /ways': ways(true, null),
      'POST /session': () =>
        refusal(429, 'too_many', 'Too many tries from this address. Wait 48 seconds, then try again.', {
          retryAfterSeconds: 48,
        }),
    },
  },
  'desk-failing': {
    path: '/',
    wait: '.failing',
    routes: { 'GET /session': throws },
  },
};

const frameStates: Record<string, GalleryState> = {
  apps: { path: '/' },
  'apps-empty': { path: '/', routes: { 'GET /apps': () => [] } },
  'apps-loading': { path: '/', routes: { 'GET /apps': never } },
  'apps-failing': {
    path: '/',
    wait: '.failing',
    routes: {
      'GET /apps': () =>
        refusal(
          503,
          'unavailable',
          'The database does not answer. Check that it runs; what this server does for clients goes on.',
        ),
    },
  },
  'apps-offline': { path: '/', online: false },
  'apps-reconnecting': { path: '/', wait: '.strip', routes: { 'GET /apps': throws } },
  nowhere: { path: '/somewhere' },
  'app-missing': { path: '/apps/99/overview' },
  'app-long': {
    path: `/apps/${encodeURIComponent('7')}/overview`,
    wait: `h1:has-text("${longName.slice(0, 12)}")`,
  },
};

/** Every state that is shown, by name. */
export const states: Record<string, GalleryState> = { ...signInStates, ...frameStates, ...deskStates };
