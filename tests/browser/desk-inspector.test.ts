import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { pusherJs } from '../support/clients.ts';
import { eventually } from '../support/hooks.ts';
import { newCluster, startServer } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';

describe.skipIf(chromiumPath === undefined)('channels and connections', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('channels come and go by themselves, are found by their beginning, and have members', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'channels');
    const { page } = window;
    await page.getByText('No channel is occupied').waitFor();
    await expectSound(window, server);

    const ada = await server.connect();
    const grace = await server.connect();
    await server.join(ada, 'news');
    await server.joinPresence(ada, 'presence-room', 'ada', { name: 'Ada' });
    await server.joinPresence(grace, 'presence-room', 'grace');
    const row = page.getByRole('row', { name: /presence-room/ });
    await eventually(async () => (await row.innerText().catch(() => '')).includes('2'), 'two are there');
    await expectSound(window, server);
    await page.getByLabel('Name begins with').fill('pres');
    await page.getByText('1 channel').waitFor();
    expect(new URL(page.url()).search).toBe('?prefix=pres');

    await page.getByRole('link', { name: 'presence-room' }).click();
    await page.getByRole('heading', { name: 'presence-room' }).waitFor();
    const member = page.getByRole('row', { name: /^ada/ });
    await member.locator('summary').click();
    await member.getByText('"Ada"').waitFor();
    await page.getByRole('link', { name: grace.socketId }).waitFor();
    await expectSound(window, server);

    grace.destroy();
    await eventually(
      async () => (await page.getByRole('link', { name: grace.socketId }).count()) === 0,
      'she is gone',
    );
    ada.destroy();
    await page.getByText('Nobody is subscribed to this channel').waitFor();
  });

  test('a cache channel shows what it keeps; hidden content is hidden', async () => {
    await using server = await startServer({ env: { EARSHOT_APP_CONTENT_HIDDEN_PREFIXES: 'cache-secret-' } });
    await server.api.publish('cache-hours', 'changed', '{"monday":["10:00","18:00"]}');
    await server.api.publish('cache-secret-1', 'changed', '{"who":"nobody else"}');
    const window = await openDesk(browser, server, 'channels/cache-hours');
    await window.page.getByText('"10:00"').waitFor();
    await window.page.getByRole('link', { name: 'Send an event' }).click();
    expect(await window.page.getByLabel('Channel').inputValue()).toBe('cache-hours');
    await window.page.goto(`${server.origin}/dashboard/apps/3/channels/cache-secret-1`);
    await window.page.getByText('Content hidden').waitFor();
    expect(await window.page.locator('body').innerText()).not.toContain('nobody else');
    await expectSound(window, server);
  });

  test('a connection is found by user, looked at, and terminated', async () => {
    await using server = await startServer();
    const client = pusherJs(server);
    const closed = new Promise<unknown>((resolve) => client.connection.bind('error', resolve));
    await new Promise((resolve) => client.subscribe('news').bind('pusher:subscription_succeeded', resolve));
    const window = await openDesk(browser, server, 'connections');
    const { page } = window;
    const socketId = client.connection.socket_id;
    await expectSound(window, server);
    await page.getByRole('link', { name: socketId }).click();
    await page.getByRole('heading', { name: socketId }).waitFor();
    await page.getByText('WebSocket').waitFor();
    await page.getByRole('link', { name: 'news' }).waitFor();
    await expectSound(window, server);

    await page.getByRole('button', { name: 'Terminate', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Terminate', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Terminate', exact: true }).click();
    expect(JSON.stringify(await closed)).toContain('4009');
    await page.getByText('This connection is closed').waitFor();
    await page.getByText(`The connection ${socketId} was closed with code 4009.`).waitFor();
    await expectSound(window, server);
  });

  test('a user is terminated on every node', async () => {
    const cluster = newCluster();
    await using server = await startServer({ cluster });
    await using other = await startServer({ cluster });
    const here = await server.connect();
    const there = await other.connect();
    const stranger = await other.connect();
    await server.signIn(here, { id: 'ada' });
    await other.signIn(there, { id: 'ada' });
    await other.signIn(stranger, { id: 'grace' });
    const window = await openDesk(browser, server, 'connections?user=ada');
    const { page } = window;
    await page.getByText('2 connections').waitFor();
    await page.getByRole('columnheader', { name: 'Node' }).waitFor();
    await page.getByRole('link', { name: there.socketId }).click();
    await page.getByRole('button', { name: 'Terminate the user' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Terminate the user' }).click();
    await page.getByText('This connection is closed').waitFor();
    await page.getByRole('link', { name: 'Other connections of this user' }).click();
    await page.getByText('No open connection matches').waitFor();
    await page.getByRole('button', { name: 'Show all connections' }).click();
    await page.getByRole('link', { name: stranger.socketId }).waitFor();
    await expectSound(window, server);
  });
});
