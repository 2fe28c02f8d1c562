import { readFileSync } from 'node:fs';
import type { Server, WebSocketHandler } from 'bun';
import { StartError } from '../start-error.ts';

/** A request head, or a connection on which nothing moves, may take this long. */
export const idleTimeoutSeconds = 12;
/** A request body of any path, the largest being a file of the chat; endpoints have tighter bounds of their own. */
const requestBodyBytesMax = 101 * 1024 * 1024;

export type PortSetting = 'EARSHOT_PORT' | 'EARSHOT_TLS_PORT';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface ListenerOptions<Data> {
  readonly host: string;
  readonly port: number;
  /** The setting to name when the port cannot be had. */
  readonly portSetting: PortSetting;
  readonly tls: TlsFiles | null;
  /** Other listeners may have the same port, if they say so too. */
  readonly shared: boolean;
  readonly websocket: WebSocketHandler<Data>;
  /** Never rejects. `undefined` after an upgrade. */
  readonly fetch: (
    request: Request,
    server: Server<Data>,
  ) => Promise<Response | undefined> | Response | undefined;
}

/**
 * Opens one port.
 * @throws StartError when the port or the certificate cannot be had
 */
export function listen<Data>(options: ListenerOptions<Data>): Server<Data> {
  const { host, port, portSetting, tls } = options;
  try {
    return Bun.serve<Data>({
      hostname: host,
      port,
      reusePort: options.shared,
      // Bun's error page shows source code, and which one it shows must not depend on the environment.
      development: false,
      idleTimeout: idleTimeoutSeconds,
      maxRequestBodySize: requestBodyBytesMax,
      ...(tls === null ? {} : { tls: readTls(tls) }),
      websocket: options.websocket,
      fetch: options.fetch,
      error: () => new Response('The server could not handle this request.\n', { status: 500 }),
    });
  } catch (error) {
    throw explained(error, host, port, portSetting, tls !== null);
  }
}

function readTls(files: TlsFiles): { cert: string; key: string } {
  return { cert: read('EARSHOT_TLS_CERT', files.certFile), key: read('EARSHOT_TLS_KEY', files.keyFile) };
}

function read(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(
      `${setting}: the file ${file} cannot be read (${messageOf(error)}). Expected a PEM file.`,
    );
  }
}

function explained(error: unknown, host: string, port: number, setting: string, tls: boolean): unknown {
  if (error instanceof StartError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : null;
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(
        `${setting}: port ${port} on ${host} is in use. Stop what listens there, or choose another: ${setting}=${port + 1}, or 0 for any free port.`,
      );
    case 'EACCES':
      return new StartError(
        `${setting}: this user may not listen on port ${port}. Choose a port above 1023, for example ${setting}=6001.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(
        `EARSHOT_HOST: ${host} is no address of this machine. Expected for example 127.0.0.1, or 0.0.0.0 for all.`,
      );
    default:
      if (tls && code?.toString().startsWith('ERR_')) {
        return new StartError(
          `EARSHOT_TLS_CERT, EARSHOT_TLS_KEY: not a certificate and its key (${messageOf(error)}). Expected two PEM files that belong together.`,
        );
      }
      return error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Makes sure that nobody else has the port, for listeners that will share it among themselves: those would not notice.
 * @returns the port; a free one for 0
 * @throws StartError when it cannot be had
 */
export function claimPort(host: string, port: number, portSetting: PortSetting): number {
  try {
    const listener = Bun.listen({ hostname: host, port, socket: { data() {} } });
    const claimed = listener.port;
    listener.stop(true);
    return claimed;
  } catch (error) {
    throw explained(error, host, port, portSetting, false);
  }
}
