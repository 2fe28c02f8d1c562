import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type Browser, chromiumPath, startBrowser } from '../support/browser.ts';
import { eventually } from '../support/hooks.ts';
import { startServer } from '../support/server.ts';
import { expectSound, openDesk } from './desk-open.ts';

describe.skipIf(chromiumPath === undefined)('the event creator', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => browser.closeWindows());
  afterAll(() => browser[Symbol.asyncDispose]());

  test('what is sent arrives, at everybody but the connection that is left out, and can be sent again', async () => {
    await using server = await startServer();
    const first = await server.connect();
    const second = await server.connect();
    await server.join(first, 'news');
    await server.join(second, 'news');
    const window = await openDesk(browser, server, 'events?channel=news');
    const { page } = window;
    await expectSound(window, server);

    await page.getByLabel('Event', { exact: true }).fill('greeting');
    await page.getByLabel('Data').fill('{"text":"hello"}');
    await page.getByText('JSON: clients get the value.').waitFor();
    await page.getByLabel('Leave out a connection').fill(second.socketId);
    await page.keyboard.press('Control+Enter');
    await page.getByText('Accepted at').waitFor();
    await page.getByText(`the channel has 2 subscriptions; ${second.socketId} was left out.`).waitFor();
    expect(await first.next('greeting')).toMatchObject({ channel: 'news', data: '{"text":"hello"}' });

    await page.getByLabel('Leave out a connection').fill('');
    await page.getByLabel('Data').fill('plain words');
    await page.getByText('Text: clients get it as a string.').waitFor();
    await page.getByRole('button', { name: 'Send event' }).click();
    expect(await second.next('greeting')).toMatchObject({ data: 'plain words' });

    await page.reload();
    await page.getByRole('button', { name: /hello/ }).click();
    expect(await page.getByLabel('Data').inputValue()).toBe('{"text":"hello"}');
    await page.getByRole('button', { name: 'Send event' }).click();
    expect(await second.next('greeting')).toMatchObject({ data: '{"text":"hello"}' });
    await expectSound(window, server);

    await page.getByRole('button', { name: 'Forget these' }).click();
    await page.reload();
    await page.getByText('What you send is kept here').waitFor();
  });

  test('a cache channel says until when it keeps the event', async () => {
    await using server = await startServer();
    const { page } = await openDesk(browser, server, 'events?channel=cache-hours');
    await page.getByLabel('Event', { exact: true }).fill('changed');
    await page.getByRole('button', { name: 'Send event' }).click();
    await page.getByText('nobody is subscribed to the channel now').waitFor();
    await page.getByText('keeps it for later subscribers until').waitFor();
  });

  test('what is no JSON is said with its place and put in order, and may be sent as text', async () => {
    await using server = await startServer();
    const wire = await server.connect();
    await server.join(wire, 'news');
    const window = await openDesk(browser, server, 'events?channel=news');
    const { page } = window;
    await page.getByLabel('Event', { exact: true }).fill('e');
    await page.getByLabel('Data').fill('{\n"a": 1,\n}');
    await page.getByRole('button', { name: 'Line 3, column 1' }).click();
    const caret = () =>
      page.getByLabel('Data').evaluate((area) => (area as HTMLTextAreaElement).selectionStart);
    await eventually(async () => (await caret()) === 10, 'the caret stands there');
    await expectSound(window, server);
    await page.getByRole('button', { name: 'Send as text' }).click();
    expect(await wire.next('e')).toMatchObject({ data: '{\n"a": 1,\n}' });

    await page.getByLabel('Data').fill('{"a":[1]}');
    await page.getByRole('button', { name: 'Format' }).click();
    expect(await page.getByLabel('Data').inputValue()).toBe('{\n  "a": [\n    1\n  ]\n}');
  });

  test('what cannot be sent is refused at its field: before it is sent, and by the server', async () => {
    await using server = await startServer({ env: { EARSHOT_APP_EVENT_BYTES: '20' } });
    const window = await openDesk(browser, server, 'events');
    const { page } = window;
    await page.getByRole('button', { name: 'Send event' }).click();
    await page.getByText('Name the channel.').waitFor();
    await page.getByText('Name the event.').waitFor();
    await page.getByLabel('Channel').and(page.locator(':focus')).waitFor();
    await page.getByLabel('Channel').fill('news');
    await page.getByLabel('Event', { exact: true }).fill('e');
    await page.getByLabel('Data').fill('"<img src=x onerror=alert(1)> & שלום"');
    await page.getByText('this app takes 20 at most').waitFor();
    await page.getByRole('button', { name: 'Send event' }).click();
    await page.locator('.creator-data [aria-invalid]').waitFor();
    expect(await page.getByText('Accepted at').count()).toBe(0);
    await expectSound(window, server);
  });
});
