import { connections, entries, longEntry } from './desk-world.ts';
import { type FakeRoutes, never, refusal, streamOf, throws } from './fake.ts';
import type { GalleryState } from './state.ts';

const app = '/apps/3';
const socketId = connections[0]?.socketId ?? '';
const down = () => refusal(503, 'unavailable', 'The nodes of the cluster did not answer in time. Try again.');

/** A console that has heard `first`, and perhaps goes on. */
const console = (
  first: readonly unknown[],
  next: (() => unknown) | null = null,
  everyMs = 200,
): FakeRoutes => ({
  'GET /apps/:id/console': ({ signal }) =>
    streamOf(
      first.map((data) => ['entries', data] as const),
      next === null ? null : () => ['entries', next()],
      { everyMs, signal },
    ),
});
const quiet = { entries: entries(0, 44), skipped: 0 };
const nodes = ['b71f02c9-4d', 'd04c7a61-0e', '1f99e2aa-7b'];

const flood = () => {
  let seq = 0;
  return console(
    [],
    () => {
      seq += 20;
      return { entries: entries(seq, 20, nodes, Date.now()), skipped: 141 };
    },
    100,
  );
};

const consoleStates: Record<string, GalleryState> = {
  console: { path: `${app}/console`, routes: console([quiet]), wait: '.console-row' },
  'console-empty': { path: `${app}/console`, routes: console([]), wait: '.empty' },
  'console-connecting': {
    path: `${app}/console`,
    routes: { 'GET /apps/:id/console': never },
    wait: '.console-frame',
  },
  'console-open': {
    path: `${app}/console`,
    routes: console([quiet]),
    wait: '.console-row',
    acts: [
      (page) => page.locator('.console-row:nth-last-child(3) .console-line').click(),
      (page) =>
        page.locator('.console-row', { hasText: 'order-changed' }).last().locator('.console-line').click(),
    ],
  },
  'console-hidden': {
    path: `${app}/console`,
    routes: console([quiet]),
    wait: '.console-row',
    acts: [
      (page) =>
        page.locator('.console-row', { hasText: 'content hidden' }).last().locator('.console-line').click(),
    ],
  },
  'console-kinds': {
    path: `${app}/console?kind=published,refused,webhook`,
    routes: console([quiet]),
    wait: '.console-row',
    acts: [(page) => page.getByRole('button', { name: '3 kinds' }).click()],
  },
  'console-filtered': {
    path: `${app}/console?kind=published&channel=private-staff`,
    routes: console([quiet]),
    wait: '.empty',
  },
  'console-flood': { path: `${app}/console`, routes: flood(), wait: '.console-sampled', settleMs: 2_000 },
  'console-paused': {
    path: `${app}/console`,
    routes: flood(),
    wait: '.console-row',
    acts: [(page) => page.getByRole('button', { name: 'Pause' }).click()],
    settleMs: 1_500,
  },
  'console-behind': {
    path: `${app}/console`,
    routes: flood(),
    wait: '.console-row:nth-child(80)',
    acts: [(page) => page.locator('.console-scroll').evaluate((box) => box.scrollBy(0, -900))],
    settleMs: 1_000,
  },
  'console-long': {
    path: `${app}/console`,
    routes: console([{ entries: [...entries(0, 5), longEntry], skipped: 3 }]),
    wait: '.console-row',
    acts: [(page) => page.locator('.console-row').last().locator('.console-line').click()],
  },
  'console-reconnecting': {
    path: `${app}/console`,
    routes: { 'GET /apps/:id/console': throws },
    wait: '.strip',
  },
  'console-refused': {
    path: `${app}/console`,
    routes: {
      'GET /apps/:id/console': () =>
        refusal(403, 'forbidden', 'This app is not yours to look at. Ask an operator.'),
    },
    wait: '.failing',
  },
};

const creatorStates: Record<string, GalleryState> = {
  events: {
    path: `${app}/events?channel=orders`,
    wait: '.creator-form',
    acts: [
      (page) => page.getByLabel('Event', { exact: true }).fill('order-changed'),
      (page) => page.getByRole('button', { name: 'Send event' }).click(),
      (page) => page.getByText('Accepted at').waitFor(),
      (page) => page.getByLabel('Data').fill('Closing in ten minutes'),
      (page) => page.getByRole('button', { name: /^Send/ }).click(),
    ],
  },
  'events-empty': { path: `${app}/events`, wait: '.creator-form' },
  'events-broken': {
    path: `${app}/events?channel=private-encrypted-ledger`,
    wait: '.creator-form',
    acts: [
      (page) => page.getByLabel('Event', { exact: true }).fill('pusher:ping'),
      (page) => page.getByLabel('Data').fill('{\n  "text": "hello",\n  "count": 3,\n}'),
      (page) => page.getByLabel('Leave out').fill('nobody'),
      (page) => page.getByRole('button', { name: 'Send as text' }).click(),
    ],
  },
  'events-refused': {
    path: `${app}/events?channel=orders`,
    wait: '.creator-form',
    routes: {
      'POST /apps/:id/events': () =>
        refusal(413, 'invalid', 'The data has 12,288 bytes, expected at most 10,240.', { field: 'data' }),
    },
    acts: [
      (page) => page.getByLabel('Event', { exact: true }).fill('order-changed'),
      (page) => page.getByRole('button', { name: 'Send event' }).click(),
    ],
  },
};

const inspectorStates: Record<string, GalleryState> = {
  channels: { path: `${app}/channels`, wait: '.table' },
  'channels-empty': {
    path: `${app}/channels`,
    wait: '.empty',
    routes: { 'GET /apps/:id/channels': () => ({ total: 0, channels: [] }) },
  },
  'channels-none': { path: `${app}/channels?prefix=nowhere`, wait: '.empty' },
  'channels-failing': {
    path: `${app}/channels`,
    wait: '.failing',
    routes: { 'GET /apps/:id/channels': down },
  },
  channel: { path: `${app}/channels/presence-reading-room`, wait: '.table' },
  'channel-cache': { path: `${app}/channels/cache-opening-hours`, wait: '.json' },
  'channel-hidden': { path: `${app}/channels/private-user-grace`, wait: '.inspector-hidden' },
  'channel-gone': { path: `${app}/channels/quiz-night`, wait: '.empty' },
  'channel-long': { path: `${app}/channels/presence-${'very-long-name-'.repeat(11)}end`, wait: '.table' },
  connections: { path: `${app}/connections`, wait: '.table' },
  'connections-partial': {
    path: `${app}/connections`,
    wait: '.table',
    routes: {
      'GET /apps/:id/connections': () => ({ total: 12_483, connections, nodes: { answered: 2, known: 3 } }),
    },
  },
  'connections-none': { path: `${app}/connections?user=nobody`, wait: '.empty' },
  connection: { path: `${app}/connections/${socketId}`, wait: '.figures' },
  'connection-gone': { path: `${app}/connections/1.1`, wait: '.empty' },
  'connection-terminate': {
    path: `${app}/connections/${socketId}`,
    wait: '.figures',
    acts: [(page) => page.getByRole('button', { name: 'Terminate', exact: true }).click()],
  },
};

const webhookStates: Record<string, GalleryState> = {
  webhooks: { path: `${app}/webhooks`, wait: '.hooks-endpoint' },
  'webhooks-empty': {
    path: `${app}/webhooks`,
    wait: '.empty',
    routes: { 'GET /apps/:id/webhooks': () => [] },
  },
  'webhooks-form': {
    path: `${app}/webhooks`,
    wait: '.hooks-endpoint',
    acts: [
      (page) => page.getByRole('button', { name: 'Add an endpoint' }).click(),
      (page) => page.getByRole('button', { name: 'Add a header' }).click(),
      (page) => page.getByLabel('Name of header 1').fill('X-Pusher-Key'),
      (page) => page.getByRole('button', { name: 'Add the endpoint' }).click(),
    ],
  },
  'webhooks-refused': {
    path: `${app}/webhooks`,
    wait: '.hooks-endpoint',
    acts: [
      (page) => page.getByRole('button', { name: 'Add an endpoint' }).click(),
      (page) => page.getByLabel('Address').fill('http://169.254.169.254/'),
      (page) => page.getByRole('button', { name: 'Add the endpoint' }).click(),
      (page) => page.getByText('never go to').waitFor(),
    ],
  },
  'webhooks-test': {
    path: `${app}/webhooks`,
    wait: '.hooks-endpoint',
    acts: [(page) => page.getByRole('button', { name: 'Send a test' }).nth(1).click()],
  },
  'webhooks-delete': {
    path: `${app}/webhooks`,
    wait: '.hooks-endpoint',
    acts: [(page) => page.getByRole('button', { name: 'Delete' }).first().click()],
  },
  'webhooks-attempts': {
    path: `${app}/webhooks?view=attempts`,
    wait: '.hooks-attempt',
    acts: [(page) => page.locator('.hooks-attempt-line').nth(1).click()],
  },
  'webhooks-failed': {
    path: `${app}/webhooks?view=failed`,
    wait: '.hooks-attempt',
    acts: [
      (page) => page.locator('.hooks-attempt-line').nth(2).click(),
      (page) =>
        page
          .getByRole('button', { name: /^Replay channel_vacated/ })
          .first()
          .click(),
    ],
  },
};

/** Every state of console, event creator, inspector and webhooks, by name. */
export const deskStates: Record<string, GalleryState> = {
  ...consoleStates,
  ...creatorStates,
  ...inspectorStates,
  ...webhookStates,
};
