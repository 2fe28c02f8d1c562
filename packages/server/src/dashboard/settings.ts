import { exampleOf, type Setting } from '@earshot/base';
import { chatSettings } from '@earshot/chat/settings';
import type { SettingField } from '@earshot/dashboard';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/registry.ts';
import { type AppSettings, appSettingNames, appSettings } from '../config/app-settings.ts';
import { webhookSettings } from '../config/webhook-settings.ts';

const general: readonly string[] = ['name', 'enabled', 'contentHiddenPrefixes'];
const access: readonly string[] = [
  ...['tlsOnly', 'origins', 'clientEvents', 'userSignIn', 'watchlist', 'subscriptionCount'],
  ...['authorisedConnections', 'subscriptionErrors', 'signedInPrefixes'],
];

/** All settings of an app, in the order of their table. */
export function settingFields(apps: AppRegistry, app: App): SettingField[] {
  return appSettingNames.map((name) => settingField(apps, app, name));
}

function settingField(apps: AppRegistry, app: App, name: keyof AppSettings): SettingField {
  const row = appSettings[name] as Setting<SettingField['value']>;
  const { shape } = row.kind;
  return {
    name,
    kind: shape.type,
    value: app.settings[name],
    default: row.default,
    defaultText: row.defaultText ?? null,
    example: row.example === undefined && row.default === null ? null : exampleOf(row),
    doc: row.doc,
    expected: row.kind.expected,
    ...(shape.type === 'number' ? { min: shape.min, max: shape.max } : {}),
    ...('choices' in shape && shape.choices !== undefined ? { choices: shape.choices } : {}),
    group: groupOf(name),
    secret: row.secret === true,
    lockedBy: apps.lockOf(app, name),
    env: row.env,
  };
}

function groupOf(name: string): string {
  if (general.includes(name)) return 'general';
  if (access.includes(name)) return 'access';
  if (name in webhookSettings) return 'webhooks';
  if (name in chatSettings) return 'chat';
  return 'limits';
}
