import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Config } from '../config.ts';
import { cameByTls } from './address.ts';
import type { Client } from './client.ts';

/** Where pages find who is at the other end. */
export interface ClientEnv {
  Bindings: { client: Client };
}

/** The cookie that holds a browser's session, for all pages of this server. */
export class SessionCookie {
  readonly #config: Pick<Config, 'path' | 'port' | 'publicUrl'>;
  readonly #name: string;
  readonly #path: string;

  constructor(config: Pick<Config, 'path' | 'port' | 'publicUrl'>) {
    this.#config = config;
    // Cookies know no ports: without it, two servers of one machine would sign each other's browsers out.
    this.#name = `earshot_session_${config.port}`;
    this.#path = config.path === '' ? '/' : config.path;
  }

  read<Env extends ClientEnv>(c: Context<Env>): string | undefined {
    return getCookie(c, this.#name);
  }

  write<Env extends ClientEnv>(c: Context<Env>, token: string, seconds: number): void {
    setCookie(c, this.#name, token, {
      path: this.#path,
      httpOnly: true,
      sameSite: 'Strict',
      secure: cameByTls(c.env.client, this.#config),
      maxAge: seconds,
    });
  }

  /** @returns what was in it */
  remove<Env extends ClientEnv>(c: Context<Env>): string | undefined {
    return deleteCookie(c, this.#name, { path: this.#path });
  }
}
