import { resolve } from 'node:path';
import {
  type ChatAppValues,
  type ChatProgramValues,
  chatAppRows,
  chatProgramRows,
  chatProgramSettings,
} from './config/chat-settings.ts';
import { chatHelpText } from './config/help.ts';
import { type Environment, readTables } from './config/read.ts';
import { resolveDatabaseUrl, resolveFilesDir } from './config.ts';

/** What `earshot chat` is told. Holds secrets: never log it. */
export interface ChatConfig extends Omit<ChatProgramValues, 'channelsUrl' | 'databaseUrl' | 'chatFilesDir'> {
  /** `sqlite:/absolute/file` or `postgres://…` */
  readonly databaseUrl: string;
  /** Absolute. */
  readonly chatFilesDir: string;
  readonly channels: {
    readonly appId: string;
    readonly key: string;
    readonly secret: string;
    readonly host: string;
    readonly port: number;
    readonly tls: boolean;
  };
  /** A secret that is not set is null. */
  readonly app: ChatAppValues;
}

/** Reads the settings of `earshot chat`, as `readConfig` does those of the server. */
export function readChatConfig(
  argv: readonly string[],
  env: Environment,
): { config: ChatConfig } | { errors: string[] } | { help: string } {
  if (argv.includes('--help') || argv.includes('-h')) return { help: chatHelpText() };
  const read = readTables(argv, env, { server: chatProgramRows, app: chatAppRows });
  if ('errors' in read) return read;
  const { channelsUrl, databaseUrl, chatFilesDir, ...rest } = read.server as ChatProgramValues;
  const url = URL.canParse(channelsUrl) ? new URL(channelsUrl) : null;
  if (url === null) {
    const { env: name, kind, example } = chatProgramSettings.channelsUrl;
    return { errors: [`${name} is not set; expected ${kind.expected}. For example: ${name}=${example}`] };
  }
  const defaults = Object.fromEntries([...chatAppRows].map(([name, row]) => [name, row.default]));
  const dataDir = resolve(rest.dataDir);
  const tls = url.protocol === 'https:';
  return {
    config: {
      ...rest,
      dataDir,
      databaseUrl: resolveDatabaseUrl(databaseUrl, dataDir),
      chatFilesDir: resolveFilesDir(chatFilesDir, dataDir),
      channels: {
        appId: url.pathname.slice('/apps/'.length),
        key: decodeURIComponent(url.username),
        secret: decodeURIComponent(url.password),
        host: url.hostname,
        port: Number(url.port) || (tls ? 443 : 80),
        tls,
      },
      app: { ...defaults, ...read.app } as ChatAppValues,
    },
  };
}
