import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { haproxyPath } from '../../support/haproxy.ts';
import { type Program, startProgram } from '../../support/program.ts';
import { temporaryFolder } from '../../support/server.ts';

/** How long it may take to find that nodes are up; the machine may be busy. */
const upMs = 60_000;

/** HAProxy in front of several nodes, set up as `deploy/haproxy.cfg` is; use with `await using`. */
export class Balancer implements AsyncDisposable {
  private constructor(
    readonly program: Program,
    readonly folder: AsyncDisposable,
  ) {}

  static async before(ports: readonly number[]): Promise<Balancer> {
    const folder = await temporaryFolder();
    const file = join(folder.path, 'haproxy.cfg');
    const servers = ports.map(
      (port, i) => `  server node${i} 127.0.0.1:${port} check inter 300ms fall 1 rise 1`,
    );
    const program = await startProgram(async (port) => {
      await writeFile(
        file,
        `
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  timeout tunnel 75s
  timeout check 10s
  # A connection that is kept for the next request can end in the middle of it; a new one is refused, and another node tried.
  option http-server-close
  option redispatch 1
  retry-on conn-failure empty-response
frontend clients
  bind 127.0.0.1:${port}
  http-request return status 204 if { path /all-are-up } { nbsrv(earshot) ge ${ports.length} }
  default_backend earshot
backend earshot
  balance leastconn
  http-request disable-l7-retry if METH_POST
  option httpchk
  http-response set-header X-Served-By %s
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost
${servers.join('\n')}
`,
      );
      return [haproxyPath ?? 'haproxy', '-db', '-f', file];
    });
    return new Balancer(program, folder);
  }

  get port(): number {
    return this.program.port;
  }

  /** Resolves when it sends clients to every node. @throws when it does not get there */
  async allAreUp(): Promise<void> {
    const deadline = Date.now() + upMs;
    const ask = () =>
      fetch(`http://127.0.0.1:${this.port}/all-are-up`, { signal: AbortSignal.timeout(upMs) });
    while ((await ask()).status !== 204) {
      if (Date.now() > deadline)
        throw new Error(`not every node is up for the balancer after ${upMs / 1000} s`);
      await Bun.sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}
