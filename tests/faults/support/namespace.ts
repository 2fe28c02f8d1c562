import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Program, startProgram } from '../../support/program.ts';
import { redisPath } from '../../support/redis.ts';
import { temporaryFolder } from '../../support/server.ts';

const run = promisify(execFile);
const ip = (...args: string[]) => run('ip', args);
/** A queue that takes nothing: every packet is larger than its burst. */
const takesNothing = ['tbf', 'rate', '1mbit', 'burst', '10', 'limit', '10'];
/** A thin line: what does not fit waits, and is lost where more than a few packets wait. */
const takesLittle = ['tbf', 'rate', '2mbit', 'burst', '3000', 'limit', '6000'];

/** How packets are lost; TCP sends them again. */
export type Loss = 'both' | 'to the broker' | 'from the broker' | 'some';

/** The network between the nodes and the broker: a pair of virtual cards, one end in the broker's namespace. */
export class Link {
  constructor(
    readonly namespace: string,
    /** Of the nodes' end. */
    readonly card: string,
    /** Where nodes find the broker. */
    readonly address: string,
  ) {}

  get #far(): string {
    return `${this.card}b`;
  }

  /** From now on packets are lost. */
  async lose(loss: Loss): Promise<void> {
    if (loss === 'both') await ip('-n', this.namespace, 'link', 'set', this.#far, 'down');
    if (loss === 'to the broker') await this.#queue([], this.card, takesNothing);
    if (loss === 'from the broker') await this.#queue(['-n', this.namespace], this.#far, takesNothing);
    if (loss === 'some') {
      await this.#queue([], this.card, takesLittle);
      await this.#queue(['-n', this.namespace], this.#far, takesLittle);
    }
  }

  /** The network is well again. @returns how many packets its queues have thrown away */
  async heal(): Promise<number> {
    await ip('-n', this.namespace, 'link', 'set', this.#far, 'up');
    return (await this.#unqueue([], this.card)) + (await this.#unqueue(['-n', this.namespace], this.#far));
  }

  async #queue(where: readonly string[], card: string, kind: readonly string[]): Promise<void> {
    await run('tc', [...where, 'qdisc', 'replace', 'dev', card, 'root', ...kind]);
  }

  async #unqueue(where: readonly string[], card: string): Promise<number> {
    const { stdout } = await run('tc', [...where, '-s', 'qdisc', 'show', 'dev', card]);
    if (!stdout.includes('qdisc tbf')) return 0;
    await run('tc', [...where, 'qdisc', 'del', 'dev', card, 'root']);
    return Number(/dropped (\d+)/.exec(stdout)?.[1] ?? 0);
  }
}

/** A Redis in a network namespace of its own; use with `await using`. */
export class DistantRedis implements AsyncDisposable {
  private constructor(
    readonly link: Link,
    readonly program: Program,
    readonly stop: () => Promise<void>,
  ) {}

  /** @throws where namespaces or links are not permitted */
  static async start(): Promise<DistantRedis> {
    await using stack = new AsyncDisposableStack();
    // Names of cards have 15 characters at most, and other tests may run beside this one.
    const id = (process.pid % 1_000_000).toString(36) + (++count).toString(36);
    const namespace = `earshot-${id}`;
    await ip('netns', 'add', namespace);
    stack.defer(async () => void (await ip('netns', 'del', namespace)));
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    // A network of two addresses out of those that are set aside for trying things (RFC 2544).
    const network = `198.18.${process.pid % 256}`;
    const first = (((process.pid >> 8) + count) % 64) * 4;
    const link = new Link(namespace, `es${id}`, `${network}.${first + 2}`);
    const far = `${link.card}b`;
    await ip('link', 'add', link.card, 'type', 'veth', 'peer', 'name', far, 'netns', namespace);
    stack.defer(async () => void (await ip('link', 'del', link.card)));
    await ip('addr', 'add', `${network}.${first + 1}/30`, 'dev', link.card);
    await ip('link', 'set', link.card, 'up');
    await ip('-n', namespace, 'addr', 'add', `${link.address}/30`, 'dev', far);
    await ip('-n', namespace, 'link', 'set', far, 'up');
    const folder = stack.use(await temporaryFolder());
    const command = (port: number) => [
      ...['ip', 'netns', 'exec', namespace, redisPath ?? 'redis-server', '--port', String(port)],
      ...['--bind', '0.0.0.0', '--protected-mode', 'no', '--dir', folder.path],
      ...['--save', '', '--appendonly', 'no'],
    ];
    const program = stack.use(await startProgram(command, undefined, link.address));
    const kept = stack.move();
    return new DistantRedis(link, program, () => kept.disposeAsync());
  }

  get url(): string {
    return `redis://${this.link.address}:${this.program.port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

let count = 0;

/** Why network namespaces cannot be had here; null where they can. */
export async function lacksNamespaces(): Promise<string | null> {
  try {
    await using redis = await DistantRedis.start();
    await redis.link.lose('some');
    await redis.link.heal();
    return null;
  } catch (error) {
    return String((error as { stderr?: string }).stderr || error).trim();
  }
}
