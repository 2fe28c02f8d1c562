import { describe } from 'bun:test';
import { createHmac } from 'node:crypto';
import type { SessionAnswer } from '@earshot/chat/contract';
import type { ChatProgram } from '../../../packages/server/src/chat/standalone.ts';
import { createChatProgram } from '../../../packages/server/src/chat/standalone.ts';
import { readChatConfig } from '../../../packages/server/src/chat-config.ts';
import { startServer, type TestServer, temporaryFolder } from '../../support/server.ts';
import { Person, type Place } from './person.ts';

/** Where the back end runs: in the server, or beside one as a program of its own that gets the server's webhooks. */
export const forms = ['in process', 'stand-alone'] as const;
export type Form = (typeof forms)[number];

export const chatSecret = 'the-chat-secret-of-these-tests-which-is-long';

/** Wide enough for a test that does in a second what people do in a minute. */
const limits = {
  EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_MESSAGES_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_ROOM_MESSAGES_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_ADDRESS_REQUESTS_PER_MINUTE: '0',
};

/** Runs a suite in each form. */
export function inEachForm(
  suite: (start: (env?: Record<string, string>) => Promise<TestChat>) => void,
): void {
  for (const form of forms) describe(form, () => suite((env) => startChat(form, env)));
}

/** A chat that runs, with the channel server beneath it; use with `await using`. */
export interface TestChat extends Place, AsyncDisposable {
  readonly form: Form;
  readonly server: TestServer;
  /** Where pages and API of the chat are, without a slash at the end. */
  readonly address: string;
  /** Somebody who has come in under a name of their own. */
  guest(name: string, origin?: string): Promise<Person>;
  /** A user of the host site, by a token that it has signed. */
  hostUser(sub: string, claims?: Record<string, unknown>): Promise<Person>;
}

/** @param env settings of the chat, of its app among them */
export async function startChat(form: Form, env: Record<string, string> = {}): Promise<TestChat> {
  const settings = { EARSHOT_APP_CHAT_SECRET: chatSecret, ...limits, ...env };
  if (form === 'in process') {
    const server = await startServer({
      env: {
        ...settings,
        EARSHOT_APP_CLIENT_EVENTS_PER_SECOND: '0',
        EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true',
      },
    });
    return testChat(form, server, server.origin, async () => undefined);
  }
  const server = await startServer({
    env: {
      EARSHOT_APP_CHAT: 'false',
      EARSHOT_APP_SIGNED_IN_PREFIXES: 'private-user-,private-room-,presence-room-',
      EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true',
    },
  });
  const folder = await temporaryFolder();
  const { id, key, secret } = server.app;
  const read = readChatConfig([], {
    EARSHOT_CHAT_CHANNELS_URL: `http://${key}:${secret}@${server.host}:${server.port}/apps/${id}`,
    EARSHOT_PORT: '0',
    EARSHOT_DATA_DIR: folder.path,
    EARSHOT_LOG_LEVEL: process.env.EARSHOT_TEST_LOG ?? 'silent',
    EARSHOT_WEBHOOK_PRIVATE_ADDRESSES: 'true',
    ...settings,
  });
  if (!('config' in read)) throw new Error(`the settings of this test are wrong: ${JSON.stringify(read)}`);
  const program: ChatProgram = await createChatProgram({ config: read.config });
  await server.update({ webhookUrl: `${program.url}/chat/webhooks` });
  return testChat(form, server, program.url, async () => {
    await program.stop();
    await folder[Symbol.asyncDispose]();
  });
}

function testChat(form: Form, server: TestServer, address: string, stop: () => Promise<void>): TestChat {
  const chat: TestChat = {
    form,
    server,
    address,
    app: server.app.key,
    fetch: (path, init) => fetch(`${address}/chat/api/v1${path}`, init),
    guest: (name, origin) => Person.guest(chat, name, origin),
    async hostUser(sub, claims = {}) {
      const exp = Math.floor(Date.now() / 1000) + 600;
      const token = signedToken({ aud: server.app.id, sub, exp, ...claims });
      const response = await chat.fetch('/sessions/host', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ app: chat.app, token }),
      });
      if (!response.ok) throw new Error(`no user: ${response.status} ${await response.text()}`);
      return new Person(chat, (await response.json()) as SessionAnswer);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await server[Symbol.asyncDispose]();
    },
  };
  return chat;
}

/** A JWT as any site can make one: HS256 by hand. */
export function signedToken(claims: object, secret = chatSecret): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
