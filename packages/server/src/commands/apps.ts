import type { Setting } from '@earshot/base';
import type { App } from '../apps/app.ts';
import type { AppRegistry, Refused } from '../apps/registry.ts';
import { type AppSettings, appSettings, checkAppSettingValues } from '../config.ts';
import { CommandError, type Given, type Outcome, type Subcommand, table, UsageError } from './command.ts';

const id = (given: Given) => given.words[0] ?? '';

function appOf(apps: AppRegistry, given: Given): App {
  const app = apps.byId(id(given));
  if (app !== undefined) return app;
  throw new CommandError(`There is no app ${id(given)}. All of them: earshot apps list`);
}

function orFail<Result extends object | true>(result: Result | Refused): Result {
  if (typeof result === 'object' && 'refused' in result) throw new CommandError(`${result.refused}.`);
  return result;
}

function keysOf(apps: AppRegistry, app: App) {
  return [...app.keys.values()].map(({ key, secret, createdAt }) => ({
    key,
    secret,
    createdAt: new Date(createdAt).toISOString(),
    lockedBy: apps.keyLockOf(app, key),
  }));
}

function summaryOf(apps: AppRegistry, app: App) {
  return {
    id: app.id,
    name: app.settings.name,
    enabled: app.settings.enabled,
    first: app === apps.first(),
    createdAt: new Date(app.createdAt).toISOString(),
  };
}

function detailOf(apps: AppRegistry, app: App): Outcome {
  const json = { ...summaryOf(apps, app), keys: keysOf(apps, app), settings: app.settings };
  const settings = Object.entries(appSettings).flatMap(([name, row]) => {
    const { kind, secret, default: usual } = row as Setting<unknown>;
    const value: unknown = app.settings[name as keyof AppSettings];
    if (JSON.stringify(value) === JSON.stringify(usual) || value === null) return [];
    const lock = apps.lockOf(app, name as keyof AppSettings);
    return [[name, secret ? '(secret)' : kind.format(value as never), lock === null ? '' : `set by ${lock}`]];
  });
  const text = [
    table(
      ['app', 'name', 'state', 'since'],
      [[json.id, json.name, json.enabled ? 'enabled' : 'disabled', json.createdAt]],
    ),
    '',
    table(
      ['key', 'secret', 'since', ''],
      json.keys.map(({ key, secret, createdAt, lockedBy }) => [
        key,
        secret,
        createdAt,
        lockedBy === null ? '' : `set by ${lockedBy}`,
      ]),
    ),
    '',
    table(['setting', 'value (others have their default)', ''], settings),
  ].join('\n');
  return { text, json };
}

async function change(apps: AppRegistry, app: App, patch: Partial<AppSettings>, text: string) {
  const changed = orFail(await apps.update(app.id, patch));
  return { text, json: { ...summaryOf(apps, changed), settings: changed.settings } };
}

/** @throws UsageError for what is no `name=value`, CommandError for what a setting does not take */
function patchIn(words: readonly string[]): Partial<AppSettings> {
  const patch: Record<string, unknown> = {};
  for (const word of words) {
    const [, name = '', text = ''] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    if (name === '') throw new UsageError(`Expected name=value, found ${JSON.stringify(word)}.`);
    const row = Object.hasOwn(appSettings, name)
      ? (appSettings[name as keyof AppSettings] as Setting<unknown>)
      : undefined;
    // The registry knows what to say of a name that is none, and of a value.
    if (row === undefined) patch[name] = text;
    else if (text === '' && row.default === null) patch[name] = null;
    else patch[name] = row.kind.parse(text) ?? text;
  }
  return patch as Partial<AppSettings>;
}

export const appCommands: Readonly<Record<string, Subcommand<AppRegistry>>> = {
  list: {
    takes: '',
    summary: 'Lists the apps, the oldest first.',
    words: [0, 0],
    async run(apps) {
      const all = [...apps.all()].map((app) => summaryOf(apps, app));
      const rows = all.map(({ id, name, enabled, createdAt }) => [
        id,
        name,
        enabled ? 'enabled' : 'disabled',
        createdAt,
      ]);
      return { text: table(['app', 'name', 'state', 'since'], rows), json: all };
    },
  },
  create: {
    takes: 'NAME',
    summary: 'Creates an app with a key, and shows both.',
    words: [1, 1],
    async run(apps, given) {
      const name = given.words[0] ?? '';
      const [problem] = checkAppSettingValues({ name });
      if (problem !== undefined) throw new CommandError(`${problem}.`);
      return detailOf(apps, await apps.create({ name }));
    },
  },
  show: {
    takes: 'ID',
    summary: 'Shows an app: its keys with their secrets, and the settings that were changed.',
    words: [1, 1],
    run: async (apps, given) => detailOf(apps, appOf(apps, given)),
  },
  rotate: {
    takes: 'ID',
    summary: 'Adds a key, valid besides the present ones. When it is in use everywhere, revoke the old one.',
    words: [1, 1],
    async run(apps, given) {
      const app = appOf(apps, given);
      const old = [...app.keys.keys()];
      const { key, secret } = orFail(await apps.addKey(app.id));
      const next = old.map((one) => `  earshot apps revoke ${app.id} ${one}`).join('\n');
      const text = `key     ${key}\nsecret  ${secret}\n\nThe other keys are valid as well. When nobody uses them any more:\n${next}`;
      return { text, json: { key, secret, others: old } };
    },
  },
  revoke: {
    takes: 'ID KEY',
    summary: 'Ends a key: whoever uses it is refused from then on.',
    words: [2, 2],
    async run(apps, given) {
      const key = given.words[1] ?? '';
      const app = orFail(await apps.revokeKey(appOf(apps, given).id, key));
      return { text: `Key ${key} of app ${app.id} is revoked.`, json: keysOf(apps, app) };
    },
  },
  enable: {
    takes: 'ID',
    summary: 'Lets clients and publishers in again.',
    words: [1, 1],
    run: async (apps, given) =>
      change(apps, appOf(apps, given), { enabled: true }, `App ${id(given)} is enabled.`),
  },
  disable: {
    takes: 'ID',
    summary: 'Closes all connections of an app, and refuses clients and publishers.',
    words: [1, 1],
    run: async (apps, given) =>
      change(apps, appOf(apps, given), { enabled: false }, `App ${id(given)} is disabled.`),
  },
  set: {
    takes: 'ID NAME=VALUE …',
    summary: 'Changes settings, by their names in docs/configuration.md; lists are separated by commas.',
    words: [2, 100],
    async run(apps, given) {
      const patch = patchIn(given.words.slice(1));
      const text = `App ${id(given)}: changed ${Object.keys(patch).join(', ')}.`;
      return change(apps, appOf(apps, given), patch, text);
    },
  },
  delete: {
    takes: 'ID --confirm NAME',
    summary: 'Deletes an app with all that belongs to it. The first app cannot be deleted.',
    words: [1, 1],
    flags: { '--confirm': { value: true, doc: 'the name of the app' } },
    async run(apps, given) {
      const app = appOf(apps, given);
      const { name } = app.settings;
      if (given.flags.get('--confirm') !== name) {
        throw new CommandError(
          `App ${app.id} would be gone with all that belongs to it. To delete it: --confirm ${JSON.stringify(name)}`,
        );
      }
      orFail(await apps.remove(app.id));
      const text = `App ${app.id} is deleted. What belongs to it goes within a minute or two of a running server.`;
      return { text, json: { deleted: app.id } };
    },
  },
};
