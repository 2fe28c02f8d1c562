import type { Page } from 'playwright-core';
import { deskStates } from './desk-states.ts';
import { never, refusal, throws } from './fake.ts';
import type { GalleryState } from './state.ts';
import { keys, longName, statistics } from './world.ts';

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

const dialog = (button: string) => (page: Page) => page.getByRole('button', { name: button }).first().click();
const quiet = { 'GET /apps/:id/statistics': () => statistics('hour', { empty: true }) };

const pageStates: Record<string, GalleryState> = {
  keys: { path: '/apps/3/keys', wait: '.key' },
  'keys-one': { path: '/apps/4/keys', wait: '.key', routes: { 'GET /apps/:id/keys': () => keys.slice(1) } },
  'keys-node': {
    path: '/apps/3/keys',
    wait: '.key',
    acts: [(page) => page.getByRole('tab', { name: 'curl' }).click()],
  },
  'keys-revoke': { path: '/apps/3/keys', wait: '.key', acts: [dialog('Revoke')] },
  settings: { path: '/apps/3/settings', wait: '.setting' },
  'settings-changed': {
    path: '/apps/3/settings',
    wait: '.setting',
    acts: [
      (page) => page.getByRole('switch', { name: 'TLS only' }).click(),
      (page) => page.getByRole('textbox', { name: 'Publishes per second' }).fill('many'),
    ],
  },
  'settings-leave': {
    path: '/apps/4/settings',
    wait: '.setting',
    acts: [
      (page) => page.getByRole('switch', { name: 'TLS only' }).click(),
      (page) => page.getByRole('link', { name: 'App keys' }).click(),
    ],
  },
  'settings-delete': {
    path: '/apps/4/settings',
    wait: '.setting',
    acts: [(page) => page.getByRole('button', { name: 'Delete' }).last().click()],
  },
  'apps-new': { path: '/?new=1', wait: '.dialog' },
  operators: { path: '/operators' },
  'operators-empty': { path: '/operators', routes: { 'GET /operators': () => [] } },
  'operators-new': {
    path: '/operators',
    acts: [dialog('New operator'), (page) => page.getByLabel('Password').fill('short')],
  },
  'operators-delete': {
    path: '/operators',
    acts: [(page) => page.getByRole('button', { name: 'Delete ada' }).click()],
  },
  overview: { path: '/apps/3/overview', wait: '.uplot canvas', settleMs: 2500 },
  'overview-day': { path: '/apps/3/overview?range=day', wait: '.uplot canvas', settleMs: 1500 },
  'overview-month': { path: '/apps/3/overview?range=month', wait: '.uplot canvas', settleMs: 1500 },
  'overview-crosshair': {
    path: '/apps/3/overview',
    wait: '.uplot canvas',
    acts: [
      (page) => page.getByRole('slider', { name: /Connections/ }).focus(),
      (page) => page.keyboard.press('PageUp'),
    ],
  },
  'overview-table': {
    path: '/apps/3/overview',
    wait: '.uplot canvas',
    acts: [(page) => page.getByRole('button', { name: 'Table of connections' }).click()],
  },
  'overview-quiet': { path: '/apps/5/overview', wait: '.empty', routes: quiet },
  'overview-failing': {
    path: '/apps/3/overview',
    wait: '.failing',
    routes: {
      'GET /apps/:id/statistics': () =>
        refusal(503, 'unavailable', 'The database does not answer. Try again in a moment.'),
      'GET /apps/:id/live': () => refusal(429, 'too_many', 'Too many streams are open.'),
    },
  },
};

/** Every state that is shown, by name. */
export const states: Record<string, GalleryState> = {
  ...pageStates,
  ...signInStates,
  ...frameStates,
  ...deskStates,
};
