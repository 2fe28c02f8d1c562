import type { Clock, Timer } from '@earshot/base';
import { type Argument, Connection, isRefusal, type Reply, type Script } from './connection.ts';
import type { Figures } from './figures.ts';
import { members, register, renew, retire, rosterScripts, sweep } from './roster-scripts.ts';
import type { Server } from './servers.ts';

/** Operations on their way to the server; the rest waits for their answers. */
const underWayMax = 1_000;
/** How much a slice of a sweep takes back; the server does nothing else meanwhile. */
const sweptItems = 200;
const readBlockMs = 1_000;
const readCount = 1_000;
/** What a server refused for a reason of its own is reported anew after this, and after twice as long each further time. */
const repairMs = 2_000;
const repairMaxMs = 60_000;
const closeMs = 2_000;

const notRenewed = 'does not renew the lease';
const givenUp = 'this node was given up by the others';
const notSwept = 'does not let a dead node be swept';

/** What came into the inbox: the fields by their letters, see `roster-scripts.ts`. */
export type Message = Readonly<Record<string, string>>;

/** What the session is for; `roster-redis.ts` and `held.ts` fulfil it. */
export interface SessionReceiver {
  /** A message, in the order in which the server wrote them; the next one waits for the promise. */
  message(message: Message, number: number): Promise<void> | null;
  /**
   * The server knows this node, at first or under a new epoch.
   * @param again null at first; else the server has to be told all that this node holds. If what it knew of everybody is
   *   lost, the other nodes are telling it theirs until `settleMs` from now.
   */
  registered(connections: readonly string[], again: { lost: boolean; settleMs: number } | null): void;
  /** The server answers again and still knows this node. */
  back(): void;
  /** This node has taken back the last of what a dead one held. */
  swept(): void;
  /** Nothing can be asked for the time being: who waits for an answer goes on without it. */
  away(): void;
}

interface Operation {
  readonly script: Script;
  args: readonly Argument[];
  readonly number: number;
  readonly quiet: boolean;
  readonly onReply: ((reply: readonly Reply[]) => void) | null;
  readonly done: PromiseWithResolvers<void>;
}

export interface SessionParts {
  readonly server: Server;
  /** Of this node, without epoch. */
  readonly nodeId: string;
  /** Names of all servers, the same for all nodes. */
  readonly allServers: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly figures: Figures;
  readonly receiver: SessionReceiver;
  readonly onProblem: (stage: string, error: unknown) => void;
  readonly say: (text: string, details: Record<string, unknown>) => void;
}

/**
 * This node's standing with one server: a lease under an id and epoch, operations in order, an inbox.
 *
 * Operations are numbered, and one that was not answered when a connection broke is sent again: the server does each once.
 * An operation is over when all that it made true has been read from the inbox. A node that was given up meanwhile (paused
 * for longer than its lease, or the server has lost what it knew) comes again under a new epoch and reports what it holds.
 */
export class RosterSession {
  readonly #parts: SessionParts;
  readonly #commands: Connection;
  readonly #reader: Connection;
  readonly #timer: Timer;
  #epoch = 0;
  /** `away`: not connected. `lost`: not connected, and to come under a new epoch. */
  #state: 'starting' | 'in' | 'away' | 'lost' | 'registering' | 'closed' = 'starting';
  #generation: string | null = null;
  /** Why it comes again, while it does. */
  #why: string | null = null;
  /** Of the server's process. */
  #runId: string | null = null;
  #connects = 0;
  #number = 0;
  #read = 0;
  #waiting: Operation[] = [];
  #underWay: Operation[] = [];
  /** Of those that wait, the ones that a newer value may still replace. */
  readonly #replaceable = new Map<string, Operation>();
  #flushing = false;
  #repairing = false;
  /** Times in a row that the server refused what it was told. */
  #repairs = 0;
  /** What does not work now: told when it begins, not each time that it is tried. */
  readonly #troubles = new Set<string>();
  #readerReady = Promise.withResolvers<void>();
  readonly #readWaiters: { number: number; resolve: () => void }[] = [];
  readonly #sweeping = new Map<string, Promise<void>>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { url } = parts.server;
    this.#commands = new Connection(url, rosterScripts, {
      onReady: () => void this.#connected(),
      onLost: () => this.#lost(),
    });
    this.#reader = new Connection(url, [], {
      onReady: () => this.#readerReady.resolve(),
      onLost: () => {
        this.#readerReady = Promise.withResolvers();
      },
    });
    this.#timer = parts.clock.every(parts.leaseMs / 3, () => void this.#renew());
  }

  /** This node's name: its id and epoch. */
  get name(): string {
    return `${this.#parts.nodeId}.${this.#epoch}`;
  }

  /** Operations are taken, and answered as fast as the server does. */
  get usable(): boolean {
    return this.#state === 'in' || this.#state === 'starting';
  }

  /**
   * Runs an operation after those before it. Resolves when what it made true has been told here; or when the server went
   * away, without saying how it went.
   * @throws when the server refuses it
   */
  send(
    script: Script,
    args: readonly Argument[],
    onReply: ((reply: readonly Reply[]) => void) | null = null,
    quiet = false,
  ): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    const operation = this.#operation(script, args, quiet, onReply);
    return operation.done.promise;
  }

  /** Like `send`, and as long as the operation waits for those before it, a newer one with the same key replaces it. */
  sendNewest(key: string, script: Script, args: readonly Argument[]): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    let operation = this.#replaceable.get(key);
    if (operation !== undefined) operation.args = args;
    else {
      operation = this.#operation(script, args, false, null);
      this.#replaceable.set(key, operation);
    }
    return operation.done.promise;
  }

  /** What waits under this key is no more to be replaced: what comes now says more than a newer value. */
  seal(key: string): void {
    this.#replaceable.delete(key);
  }

  #operation(
    script: Script,
    args: readonly Argument[],
    quiet: boolean,
    onReply: Operation['onReply'],
  ): Operation {
    const done = Promise.withResolvers<void>();
    const operation = { script, args, number: ++this.#number, quiet, onReply, done };
    this.#waiting.push(operation);
    this.#flushSoon();
    return operation;
  }

  /** Asks without changing anything. @throws when the server is away */
  ask(script: Script, args: readonly Argument[]): Promise<Reply> {
    return this.#commands.run(script, args);
  }

  /** Stops at once and says nothing, as a killed process does. */
  abandon(): void {
    this.#state = 'closed';
    this.#timer.cancel();
    this.#giveUpWaiting();
    this.#commands.close();
    this.#reader.close();
  }

  /** Says what is still to be said, and goes: another node takes back what this one holds. */
  async close(): Promise<void> {
    const deadline = this.#parts.clock.monotonic() + closeMs;
    while (this.#state === 'in' && this.#waiting.length + this.#underWay.length > 0) {
      if (this.#parts.clock.monotonic() > deadline) break;
      await new Promise<void>((resolve) => this.#parts.clock.after(1, resolve));
    }
    const { name } = this;
    const isKnown = this.#state === 'in';
    this.#state = 'closed';
    if (isKnown) {
      const gone = this.#commands.run(retire, [name, name, name]).then(
        () => undefined,
        () => undefined, // The server is away; others give this node up when its lease is over.
      );
      await Promise.race([gone, new Promise<void>((resolve) => this.#parts.clock.after(closeMs, resolve))]);
    }
    this.abandon();
  }

  async #connected(): Promise<void> {
    const connection = ++this.#connects;
    const isRestarted = await this.#isRestarted();
    if (connection !== this.#connects || !this.#commands.ready) return;
    if (this.#state === 'starting') return this.#register(null);
    if (this.#state === 'lost') return this.#register(this.#why);
    if (this.#state !== 'away') return;
    if (isRestarted) return this.#register('a broker has started anew');
    this.#state = 'in';
    this.#resend();
    await this.#renew();
    if ((this.#state as string) === 'in') this.#parts.receiver.back();
  }

  /**
   * Whether this is not the process that it was: what it has read from its disk, or has from the one that it was a copy of,
   * may be older than what this node has been told and has said, and nothing in it would show that.
   */
  async #isRestarted(): Promise<boolean> {
    const before = this.#runId;
    const info = await this.#commands.call('INFO', 'server').catch(() => null);
    this.#runId = /^run_id:(\w+)/m.exec(String(info))?.[1] ?? before;
    return before !== null && before !== this.#runId;
  }

  #lost(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'in') this.#state = 'away';
    else if (this.#state === 'registering') this.#state = 'lost';
    if (this.#state === 'starting') return;
    this.#giveUpWaiting();
    this.#parts.receiver.away();
  }

  /** What was on its way may have arrived or not; the numbers see to it that it is done once. */
  #resend(): void {
    this.#waiting = [...this.#underWay, ...this.#waiting];
    this.#underWay = [];
    this.#flushSoon();
  }

  /** @param why it comes again under a new epoch, for the log; null: it comes for the first time */
  async #register(why: string | null): Promise<void> {
    if (this.#state === 'closed') return;
    const { server, nodeId, allServers, leaseMs, figures, receiver, say } = this.#parts;
    const before = this.name;
    const isAgain = why !== null;
    this.#why = why;
    const state = isAgain ? 'registering' : 'starting';
    this.#state = state;
    this.#epoch++;
    this.#number = 0;
    this.#read = 0;
    this.#replaceable.clear();
    const { name } = this;
    if (isAgain) {
      // All that is held is about to be reported, which includes what these would have said.
      this.#giveUpWaiting();
      this.#underWay = [];
      this.#waiting = [];
    } else {
      this.#waiting = this.#waiting.map((operation) => ({ ...operation, number: ++this.#number }));
    }
    let reply: readonly Reply[];
    try {
      const asked = await this.#commands.run(register, [name, leaseMs, crypto.randomUUID(), allServers]);
      reply = asked as readonly Reply[];
    } catch (error) {
      if ((this.#state as string) === 'closed' || !this.#commands.ready) return;
      this.#trouble('refuses this node', error);
      this.#parts.clock.after(this.#repairAfter(), () => void this.#register(why));
      return;
    }
    if (this.#state !== state || name !== this.name) return;
    const [generation, ageMs, connections] = reply as [string, number, string[]];
    if (generation === 'servers') {
      this.#trouble(
        `does not take this node: the others are given the brokers ${reply[1]}, this one ${allServers}; give all nodes the same`,
        null,
      );
      this.#parts.clock.after(this.#repairAfter(), () => void this.#register(why));
      return;
    }
    const lost = this.#generation !== null && this.#generation !== generation;
    this.#generation = generation;
    this.#state = 'in';
    if (isAgain) {
      figures.rejoins++;
      const reason = `roster: ${lost ? 'a broker has lost what it knew' : why}; this node reports anew what it holds`;
      if (this.#repairs === 0) say(reason, { broker: server.name, node: nodeId });
    }
    receiver.registered(
      connections,
      isAgain ? { lost, settleMs: lost ? Math.max(0, leaseMs - ageMs) : 0 } : null,
    );
    if (isAgain) {
      // After what is reported above, so that what this node still holds never seems to have ended.
      void this.#afterAll(async () => {
        // Given up meanwhile: what follows gives up this epoch as well.
        if (name !== this.name) return;
        if (!lost) await this.#commands.run(retire, [name, before, `${nodeId}.`]);
        if (name === this.name && !this.#repairing) this.#well();
      });
    } else this.#well();
    this.#flushSoon();
    void this.#readInbox(this.#epoch);
    void this.#renew();
  }

  /** Runs when everything that waits now has been answered. */
  async #afterAll(task: () => Promise<unknown>): Promise<void> {
    const last = this.#waiting.at(-1);
    try {
      await last?.done.promise;
      await task();
    } catch (error) {
      if (this.#state === 'in') this.#trouble('does not give up an earlier epoch of this node', error);
    }
  }

  async #renew(): Promise<void> {
    if (this.#state !== 'in' || !this.#commands.ready) return;
    const { name } = this;
    // The inbox goes on by another connection, and may be further when the answer comes.
    const read = this.#read;
    let reply: readonly Reply[];
    try {
      reply = (await this.#commands.run(renew, [name, this.#parts.leaseMs, read])) as readonly Reply[];
    } catch (error) {
      if (this.#state === 'in' && this.#commands.ready) this.#trouble(notRenewed, error);
      return;
    }
    this.#troubles.delete(notRenewed);
    if (this.#state !== 'in' || name !== this.name) return;
    const [alive, told, dead] = reply as [number, number, string[]];
    if (alive === 0) return this.#register(givenUp);
    if (told < read) return this.#register('a broker has come back with an older state');
    for (const node of dead) void this.sweep(node);
  }

  /** Takes back what a dead node held; others may do so at the same time. */
  sweep(node: string): Promise<void> {
    let sweeping = this.#sweeping.get(node);
    if (sweeping === undefined && node !== this.name) {
      sweeping = this.#sweep(node);
      this.#sweeping.set(node, sweeping);
    }
    return sweeping ?? Promise.resolve();
  }

  /** Resolves when this node has been told all that is so by now; for tests. */
  async settled(): Promise<void> {
    for (;;) {
      await this.send(members, ['/']);
      if (this.#sweeping.size === 0) return;
      await Promise.all(this.#sweeping.values());
    }
  }

  async #sweep(node: string): Promise<void> {
    try {
      for (;;) {
        const reply = (await this.#commands.run(sweep, [this.name, node, sweptItems])) as readonly Reply[];
        if (reply[0] === 2) this.#parts.receiver.swept();
        if (reply[0] !== 1) break;
      }
      this.#troubles.delete(notSwept);
    } catch (error) {
      if (this.#state === 'in' && this.#commands.ready) this.#trouble(notSwept, error);
    } finally {
      this.#sweeping.delete(node);
    }
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    if (this.#state !== 'in' || !this.#commands.ready || this.#underWay.length > 0) return;
    const batch = this.#waiting.splice(0, underWayMax);
    if (batch.length === 0) return;
    this.#replaceable.clear();
    this.#underWay = batch;
    const { name } = this;
    const replies = await this.#commands.runAll(
      batch.map(({ script, args, number, quiet }) => ({
        script,
        args: [name, number, quiet ? 1 : 0, ...args],
      })),
    );
    if (this.#underWay !== batch) return; // Sent again meanwhile, or given up with its epoch.
    for (const [index, settled] of replies.entries()) {
      const operation = batch[index] as Operation;
      if (settled.status === 'rejected') {
        if (!isRefusal(settled.reason)) {
          this.#underWay = batch.slice(index); // Sent again when the server is back.
          return;
        }
        this.#refused(operation, settled.reason);
        continue;
      }
      const reply = settled.value as readonly Reply[];
      if (reply[0] === -1) {
        void this.#register(givenUp);
        return;
      }
      operation.onReply?.(reply);
      this.#whenRead(Number(reply[0]), operation.done.resolve);
    }
    this.#underWay = [];
    void this.#flush();
  }

  /** The server could not do it: out of memory, forgotten scripts. What it knows and what is so are no longer the same. */
  #refused(operation: Operation, reason: unknown): void {
    operation.done.resolve();
    this.#parts.figures.refused++;
    this.#trouble('refuses operations', reason);
    if (this.#repairing) return;
    this.#repairing = true;
    this.#parts.clock.after(this.#repairAfter(), () => {
      this.#repairing = false;
      if (this.#state === 'in') void this.#register('a broker refused what this node told it');
    });
  }

  #repairAfter(): number {
    return Math.min(repairMs * 2 ** this.#repairs++, repairMaxMs);
  }

  #trouble(what: string, error: unknown): void {
    if (this.#troubles.has(what)) return;
    this.#troubles.add(what);
    this.#parts.onProblem(`roster: ${this.#parts.server.name} ${what}`, error);
  }

  /** The server has taken all that this node holds. */
  #well(): void {
    const { server, say } = this.#parts;
    if (this.#repairs > 0) say('roster: the broker takes what it is told again', { broker: server.name });
    this.#repairs = 0;
    this.#troubles.clear();
  }

  #whenRead(number: number, resolve: () => void): void {
    if (number <= this.#read) resolve();
    else this.#readWaiters.push({ number, resolve });
  }

  #giveUpWaiting(): void {
    for (const { resolve } of this.#readWaiters.splice(0)) resolve();
    for (const { done } of [...this.#underWay, ...this.#waiting]) done.resolve();
  }

  async #readInbox(epoch: number): Promise<void> {
    const key = `earshot:1:in:${this.name}`;
    while (this.#epoch === epoch && this.#state !== 'closed') {
      await this.#readerReady.promise;
      let reply: Reply;
      try {
        reply = await this.#reader.call(
          ...([
            'XREAD',
            'COUNT',
            readCount,
            'BLOCK',
            readBlockMs,
            'STREAMS',
            key,
            `${this.#read}-0`,
          ] as const),
        );
      } catch {
        // Lost, or the server starts up: the inbox is still there, and read on from here.
        await new Promise<void>((resolve) => this.#parts.clock.after(20, resolve));
        continue;
      }
      if (reply === null) continue;
      const [[, entries]] = reply as unknown as [[string, [string, string[]][]]];
      for (const [id, fields] of entries) {
        if (this.#epoch !== epoch || (this.#state as string) === 'closed') return;
        const number = Number.parseInt(id, 10);
        // This node was so slow that the server gave up keeping its messages: what they said has to be asked for.
        if (number !== this.#read + 1) return void this.#register('this node read its inbox too slowly');
        await this.#handle(fields, number);
        if (this.#epoch !== epoch) return;
        this.#read = number;
        while ((this.#readWaiters[0]?.number ?? Number.POSITIVE_INFINITY) <= number)
          this.#readWaiters.shift()?.resolve();
      }
    }
  }

  async #handle(fields: readonly string[], number: number): Promise<void> {
    const message: Record<string, string> = {};
    for (let i = 0; i < fields.length; i += 2) message[fields[i] ?? ''] = fields[i + 1] ?? '';
    try {
      const settled = this.#parts.receiver.message(message, number);
      if (settled !== null) await settled;
    } catch (error) {
      this.#parts.onProblem('roster: a message could not be handled', error);
    }
  }
}
