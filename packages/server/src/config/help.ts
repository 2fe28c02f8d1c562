import type { Setting } from '@earshot/base';
import { appSettingRows } from './app-settings.ts';
import { chatAppRows, chatProgramRows } from './chat-settings.ts';
import { serverSettingRows } from './server-settings.ts';

/** What `--help` prints: every setting from the tables. */
export function helpText(): string {
  return [
    'Earshot: a realtime server that any Pusher client or publisher library works with.',
    '',
    'npm start -- [flags]',
    '',
    'Settings are environment variables; some are flags as well, and a flag wins.',
    '',
    ...[...serverSettingRows.values()].flatMap(lines),
    '',
    'Of the first app (all other apps keep theirs in the database):',
    '',
    ...[...appSettingRows.values()].flatMap(lines),
    '',
    'Commands beside the server, each with a --help of its own:',
    '',
    '  apps list, create, show, rotate, revoke, enable, disable, set, delete',
    '  operators list, create, password, delete',
    '  login-link     prints a new sign-in link',
    '  backup FOLDER  copies all data, beside a running server',
    '  export FILE    writes all that is in the database; import FILE puts it into another one',
    '  chat           runs the chat alone, beside a channel server elsewhere',
    '',
  ].join('\n');
}

/** What `chat --help` prints. */
export function chatHelpText(): string {
  return [
    'Earshot chat: the chat alone, on the channels of any Pusher-compatible server.',
    '',
    'npm start -- chat [flags]',
    '',
    'Settings are environment variables; some are flags as well, and a flag wins. The channel server has to send webhooks',
    'of channels and members to /chat/webhooks here. Where it is Earshot, give its app',
    'EARSHOT_APP_SIGNED_IN_PREFIXES=private-user-,private-room-,presence-room- and EARSHOT_APP_CHAT=false.',
    '',
    ...[...chatProgramRows.values()].flatMap(lines),
    '',
    'Of the app:',
    '',
    ...[...chatAppRows.values()].flatMap(lines),
    '',
  ].join('\n');
}

function lines(row: Setting<unknown>): string[] {
  const name = row.flag === undefined ? row.env : `${row.env}, ${row.flag}`;
  return [
    `  ${name}`,
    `      ${row.doc.replaceAll('`', '')}`,
    `      ${row.kind.expected}; default: ${defaultText(row).replaceAll('`', '')}`,
  ];
}

/** The default of a setting in words. */
export function defaultText(row: Setting<unknown>): string {
  if (row.defaultText !== undefined) return row.defaultText;
  return row.default === null || row.default === undefined ? 'none' : row.kind.format(row.default);
}
