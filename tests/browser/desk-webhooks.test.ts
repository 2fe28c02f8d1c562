import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { eventually, HookReceiver } from '../support/hooks.ts';
import { startServer } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';

const env = { EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true' };

describe.skipIf(chromiumPath === undefined)('the webhooks of an app', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('an endpoint is added, told, looked into, changed and deleted', async () => {
    using receiver = new HookReceiver();
    await using server = await startServer({ env });
    const window = await openDesk(browser, server, 'webhooks');
    const { page } = window;
    await page.getByText('No endpoint yet').waitFor();
    await expectSound(window, server);
    await page.getByRole('button', { name: 'Add an endpoint' }).click();
    await page.getByRole('button', { name: 'Add the endpoint' }).click();
    await page.getByText('Write the address that your server listens at.').waitFor();
    await page.getByLabel('Address').fill(receiver.url);
    await page.getByRole('button', { name: 'Add a header' }).click();
    await page.getByLabel('Name of header 1').fill('X-Tenant');
    await page.getByLabel('Value of header 1').fill('north');
    await page.getByLabel('Only channels that begin with').fill('a-');
    await expectSound(window, server);
    await page.getByRole('button', { name: 'Add the endpoint' }).click();
    await page.getByRole('heading', { name: receiver.url }).waitFor();

    const wire = await server.connect();
    await server.join(wire, 'b-1');
    await server.join(wire, 'a-1');
    const hook = await receiver.next();
    expect(hook.events[0]).toMatchObject({ name: 'channel_occupied', channel: 'a-1' });
    expect(hook.headers.get('x-tenant')).toBe('north');

    await page.getByRole('radio', { name: 'Attempts' }).check({ force: true });
    const attempt = page.getByRole('listitem').filter({ hasText: 'channel_occupied' });
    await attempt.getByRole('button').first().click();
    await attempt.getByText('"a-1"').waitFor();
    await attempt.getByText('Without a body.').waitFor();
    await expectSound(window, server);
    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByText('No such attempt').waitFor();

    await page.getByRole('radio', { name: 'Endpoints' }).check({ force: true });
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Only channels that begin with').fill('');
    await page.getByRole('checkbox', { name: /^Channel vacated/ }).uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The endpoint is changed.').waitFor();
    await eventually(
      async () => !(await page.locator('.hooks-about').innerText()).includes('vacated'),
      'it says so',
    );
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete the endpoint' }).click();
    await page.getByText('No endpoint yet').waitFor();
  });

  test('a test shows all of what came of it', async () => {
    using receiver = new HookReceiver();
    await using server = await startServer({ env: receiver.env() });
    const window = await openDesk(browser, server, 'webhooks');
    const { page } = window;
    await page.getByText('EARSHOT_APP_WEBHOOK_URL', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Edit' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0);
    await expectSound(window, server);

    receiver.answer = () => Response.json({ error: '<b>not today</b>' }, { status: 500 });
    await page.getByRole('button', { name: 'Send a test' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('500', { exact: true }).waitFor();
    await dialog.getByText('"<b>not today</b>"').waitFor();
    await dialog.getByText('"earshot-test"').waitFor();
    await expectSound(window, server);
    receiver.answer = () => new Response('thanks');
    await dialog.getByRole('button', { name: 'Send it again' }).click();
    await dialog.getByText('Taken after').waitFor();
    await dialog.getByText('thanks').waitFor();
    expect(receiver.seen.map(({ events }) => events[0]?.channel)).toEqual(['earshot-test', 'earshot-test']);
  });

  test('what was given up is looked at and replayed, one or all', async () => {
    using receiver = new HookReceiver();
    receiver.answer = () => new Response('later', { status: 503 });
    await using server = await startServer({ env });
    const window = await openDesk(browser, server, 'webhooks');
    const { page } = window;
    await page.getByRole('button', { name: 'Add an endpoint' }).click();
    await page.getByLabel('Address').fill(receiver.url);
    await page.getByRole('button', { name: 'Add the endpoint' }).click();
    await page.getByRole('heading', { name: receiver.url }).waitFor();
    const wire = await server.connect();
    for (const channel of ['c-1', 'c-2', 'c-3']) await server.join(wire, channel);
    await eventually(() => receiver.seen.length >= 1, 'it was tried');
    // What waits for an endpoint that is switched off is put aside.
    await page.getByRole('switch', { name: 'On' }).click();
    await page.getByRole('link', { name: '3', exact: true }).click();
    await eventually(
      async () => (await page.getByRole('listitem').filter({ hasText: 'channel_occupied' }).count()) === 3,
      'all are there',
    );
    await page.getByRole('button', { name: /^channel_occupied c-2/ }).click();
    await page.getByText('"c-2"').waitFor();
    await expectSound(window, server);

    receiver.answer = () => new Response(null, { status: 204 });
    const before = receiver.seen.length;
    await page.getByRole('radio', { name: 'Endpoints' }).check({ force: true });
    await page.getByRole('switch', { name: 'Off' }).click();
    await page.getByRole('switch', { name: 'On' }).waitFor();
    await page.getByRole('radio', { name: /^Failed/ }).check({ force: true });
    await page.getByRole('button', { name: 'Replay channel_occupied of c-2' }).click();
    await page.getByText('1 event put back.').waitFor();
    const told = () =>
      receiver.seen.slice(before).flatMap(({ events }) => events.map(({ channel }) => channel));
    await eventually(() => told().includes('c-2'), 'c-2 is told');
    await page.getByRole('button', { name: 'Replay all 2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Replay all' }).click();
    await page.getByText('2 events put back.').waitFor();
    await eventually(
      () => ['c-1', 'c-3'].every((channel) => told().includes(channel)),
      'the others are told',
    );
    await page.getByText('All is delivered.').waitFor();
    await page.getByText('Nothing was given up').waitFor();
    await expectSound(window, server);
  });

  test('what the server refuses stands at its field', async () => {
    await using server = await startServer();
    const window = await openDesk(browser, server, 'webhooks');
    const { page } = window;
    await page.getByRole('button', { name: 'Add an endpoint' }).click();
    await page.getByLabel('Address').fill('http://[::1');
    await page.getByRole('button', { name: 'Add the endpoint' }).click();
    await page.getByText('This is no address.').waitFor();
    await page.getByLabel('Address').fill('https://example.com/hooks');
    await page.getByRole('button', { name: 'Add a header' }).click();
    await page.getByLabel('Name of header 1').fill('Host');
    await page.getByRole('button', { name: 'Add the endpoint' }).click();
    await page.getByText('Host is set by the protocol and cannot be chosen.').waitFor();
    await expectSound(window, server);
  });
});
