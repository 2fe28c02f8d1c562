import { expect, test } from 'bun:test';
import type { AppDetail, AppKeyView, AppSummary, SettingField } from '@earshot/dashboard';
import { startServer } from '../support/server.ts';
import { type Browser, eventually, signedIn } from './support/desk.ts';

function field(app: AppDetail, name: string): SettingField {
  const found = app.settings.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no setting ${name}`);
  return found;
}

const change = (browser: Browser, settings: object, id = '3') =>
  browser.ask('PATCH', `/apps/${id}`, { body: { settings } });

test('an app is created, changed, disabled and deleted, each at once', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const created = await browser.done<AppDetail>('POST', '/apps', { name: 'Second' });
  expect(created).toMatchObject({ name: 'Second', enabled: true, isFirst: false, connections: 0 });
  expect(created.createdAt).toBeWithin(Date.now() - 60_000, Date.now() + 1);
  expect((await browser.get<AppSummary[]>('/apps')).map(({ name, isFirst }) => [name, isFirst])).toEqual([
    ['First app', true],
    ['Second', false],
  ]);
  const [key] = await browser.get<AppKeyView[]>(`/apps/${created.id}/keys`);
  const app = { id: created.id, key: key?.key ?? '', secret: key?.secret ?? '' };
  // Other processes hear of changes a moment later.
  const isEverywhere = () => server.node.apps.refresh();
  await isEverywhere();
  const wire = await server.connect({ key: app.key });
  await eventually(async () => {
    const seen = await browser.get<AppDetail>(`/apps/${created.id}`);
    expect(seen.connections).toBe(1);
  });

  expect((await change(browser, { name: 'Renamed', origins: ['https://example.com'] }, app.id)).status).toBe(
    200,
  );
  const renamed = await browser.get<AppDetail>(`/apps/${app.id}`);
  expect([field(renamed, 'name').value, field(renamed, 'origins').value]).toEqual([
    'Renamed',
    ['https://example.com'],
  ]);
  await change(browser, { enabled: false }, app.id);
  expect((await wire.closed).code).toBe(4003);
  await change(browser, { enabled: true }, app.id);
  await isEverywhere();

  const wrong = await browser.ask('DELETE', `/apps/${app.id}`, { body: { confirm: 'Second' } });
  expect([wrong.status, wrong.error?.field]).toEqual([400, 'confirm']);
  const last = await server.connect({ key: app.key });
  await browser.done('DELETE', `/apps/${app.id}`, { confirm: 'Renamed' });
  expect((await last.closed).code).toBe(4003);
  expect((await browser.ask('GET', `/apps/${app.id}`)).error?.code).toBe('not_found');
  await isEverywhere();
  const published = await server.apiFor(app).post('/events', { name: 'x', channel: 'c', data: '{}' });
  expect(published.status).toBe(404);
});

test('the first app stays', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const answer = await browser.ask('DELETE', '/apps/3', { body: { confirm: 'First app' } });
  expect([answer.status, answer.error?.code]).toEqual([409, 'locked']);
});

test('two keys are valid at once, so that one can be changed without a gap', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  const { id } = await browser.done<AppDetail>('POST', '/apps', { name: 'Second' });
  const [old] = await browser.get<AppKeyView[]>(`/apps/${id}/keys`);
  const only = await browser.ask('DELETE', `/apps/${id}/keys/${old?.key}`);
  expect([only.status, only.error?.code]).toEqual([400, 'invalid']);
  const fresh = await browser.done<AppKeyView>('POST', `/apps/${id}/keys`);
  const publish = async (key: AppKeyView | undefined) =>
    (
      await server
        .apiFor({ id, key: key?.key ?? '', secret: key?.secret ?? '' })
        .post('/events', { name: 'x', channel: 'c', data: '{}' })
    ).status;
  await server.node.apps.refresh();
  expect([await publish(old), await publish(fresh)]).toEqual([200, 200]);
  await browser.done('DELETE', `/apps/${id}/keys/${old?.key}`);
  await server.node.apps.refresh();
  expect([await publish(old), await publish(fresh)]).toEqual([401, 200]);
  for (let keys = 1; keys < 10; keys++) await browser.done('POST', `/apps/${id}/keys`);
  expect((await browser.ask('POST', `/apps/${id}/keys`)).error?.code).toBe('conflict');
});

test('what the environment holds is shown as locked, and cannot be changed', async () => {
  await using server = await startServer({ env: { EARSHOT_APP_NAME: 'Set there' } });
  const browser = await signedIn(server);
  const app = await browser.get<AppDetail>('/apps/3');
  expect(field(app, 'name')).toMatchObject({
    value: 'Set there',
    lockedBy: 'EARSHOT_APP_NAME',
    env: 'EARSHOT_APP_NAME',
  });
  expect(field(app, 'origins').lockedBy).toBeNull();
  const answer = await change(browser, { name: 'Mine' });
  expect([answer.status, answer.error?.code, answer.error?.field]).toEqual([409, 'locked', 'name']);
  const [key] = await browser.get<AppKeyView[]>('/apps/3/keys');
  expect(key).toMatchObject({
    ...{ key: server.app.key, secret: server.app.secret },
    lockedBy: 'EARSHOT_APP_KEY',
  });
  await browser.done('POST', '/apps/3/keys');
  expect((await browser.ask('DELETE', `/apps/3/keys/${server.app.key}`)).error?.code).toBe('locked');
});

test('every setting says what a form for it needs', async () => {
  await using server = await startServer();
  const { settings } = await (await signedIn(server)).get<AppDetail>('/apps/3');
  expect(settings.length).toBeGreaterThan(50);
  for (const one of settings) {
    expect(['general', 'access', 'limits', 'webhooks', 'chat']).toContain(one.group);
    expect([one.name, one.doc.length > 10, one.expected.length > 3]).toEqual([one.name, true, true]);
    if (one.kind === 'number')
      expect([one.name, typeof one.min, typeof one.max]).toEqual([one.name, 'number', 'number']);
    if (one.kind === 'choice') expect(one.choices?.length).toBeGreaterThan(1);
    if (one.group === 'limits') expect([one.name, one.kind]).toEqual([one.name, 'number']);
  }
});

test('values that a setting does not take are refused, each by its name', async () => {
  await using server = await startServer();
  const browser = await signedIn(server);
  for (const [name, value] of [
    ['name', ''],
    ['name', 5],
    ['cacheSeconds', 0],
    ['cacheSeconds', 1.5],
    ['cacheSeconds', null],
    ['cacheSeconds', 1e300],
    ['origins', 'https://example.com'],
    ['origins', ['not an origin']],
    ['enabled', 'yes'],
    ['nothing', 1],
    ['constructor', 1],
  ] as const) {
    const answer = await change(browser, { [name]: value });
    expect([name, value, answer.status, answer.error?.field]).toEqual([name, value, 400, name]);
  }
  const together = await change(browser, { presenceMembers: 100_000, memberBytes: 65_536 });
  expect([together.status, together.error?.message]).toEqual([
    400,
    expect.stringContaining('EARSHOT_OUTBOX_BYTES'),
  ]);
  for (const raw of [
    '{"settings":{"__proto__":{"enabled":false}}}',
    '{"settings":[]}',
    '{"settings":null}',
    '{}',
    '',
  ]) {
    const answer = await browser.ask('PATCH', '/apps/3', { raw });
    expect([raw, answer.status < 500]).toEqual([raw, true]);
  }
  expect((await browser.get<AppDetail>('/apps/3')).enabled).toBe(true);
  for (const name of ['', 'a\u0000b', 'x'.repeat(101)]) {
    const answer = await browser.ask('POST', '/apps', { body: { name } });
    expect([answer.status, answer.error?.field]).toEqual([400, 'name']);
  }
});
