import { signChannel } from '../generator/sign.ts';
import { isPublished, type Listener, Subscriber } from '../generator/subscriber.ts';
import { cpuMicros } from '../generator/usage.ts';
import type { Target } from '../target.ts';
import type { Scenario } from './scenario.ts';

const members = 1000;
const channel = 'presence-bench';
/** How many members leave a full channel and come back one by one. */
const rejoining = 100;
/** Members of which every name is checked; of the others the count is. */
const checked = 10;
const patienceMs = 60_000;

const kindAt = '{"event":"pusher_internal:'.length;

/** Who each subscriber (by its `mark`) believes to be in the channel. */
class Rosters implements Listener {
  readonly known = new Int32Array(members);
  readonly names = Array.from({ length: checked }, () => new Set<string>());

  frame(subscriber: Subscriber, bytes: Buffer, start: number, length: number): void {
    if (isPublished(bytes, start)) return;
    const kind = bytes.toString('latin1', start + kindAt, start + Math.min(length, kindAt + 14));
    const me = subscriber.mark;
    if (kind.startsWith('member_added')) this.known[me] = (this.known[me] ?? 0) + 1;
    else if (kind.startsWith('member_removed')) this.known[me] = (this.known[me] ?? 0) - 1;
    else if (kind.startsWith('subscription_')) this.known[me] = rosterCount(bytes, start, length);
    else return;
    const names = this.names[me];
    if (names !== undefined) applyNames(names, kind, bytes.toString('utf8', start, start + length));
  }

  closed(_subscriber: Subscriber, code: number | null): void {
    throw new Error(`the server closed a member's connection (code ${code ?? 'none'})`);
  }

  /** Waits until each of the first `count` members knows `size` members. Milliseconds that it took. */
  async settled(count: number, size: number, since: number): Promise<number> {
    for (;;) {
      const now = performance.now();
      let index = 0;
      while (index < count && this.known[index] === size) index += 1;
      if (index === count) return now - since;
      if (now - since > patienceMs) {
        throw new Error(
          `member ${index} knows ${this.known[index]} of ${size} members after ${patienceMs / 1000} s`,
        );
      }
      await Bun.sleep(1);
    }
  }

  checkNames(): void {
    for (const [index, names] of this.names.entries()) {
      for (let id = 0; id < members; id++) {
        if (!names.has(`user-${id}`)) throw new Error(`member ${index} has not heard of user-${id}`);
      }
    }
  }
}

/** `count` of a roster, which stands at its end: `…,"count":12}}"}` with escaped quotes. */
function rosterCount(bytes: Buffer, start: number, length: number): number {
  const tail = bytes.toString('latin1', start + Math.max(0, length - 64), start + length);
  const found = /\\"count\\":(\d+)/.exec(tail) ?? /\\"count\\":(\d+)/.exec(bytes.toString('latin1', start));
  if (found === null) throw new Error('a roster without a count');
  return Number(found[1]);
}

function applyNames(names: Set<string>, kind: string, frame: string): void {
  const data = JSON.parse(JSON.parse(frame).data);
  if (kind.startsWith('member_added')) names.add(data.user_id);
  else if (kind.startsWith('member_removed')) names.delete(data.user_id);
  else for (const id of data.presence.ids) names.add(id);
}

function join(target: Target, subscriber: Subscriber): Promise<void> {
  const id = `user-${subscriber.mark}`;
  const channelData = JSON.stringify({ user_id: id, user_info: { name: `Member ${subscriber.mark}` } });
  const auth = signChannel(target, subscriber.socketId, channel, channelData);
  return subscriber.subscribe(channel, { auth, channelData });
}

/**
 * A presence channel of 1,000 members: they all join within one second; then 100 leave and come back one at
 * a time, each when everybody knows of the one before.
 */
export const presence: Scenario = async (target) => {
  const rosters = new Rosters();
  const everyone: Subscriber[] = [];
  for (let index = 0; index < members; index++) {
    const subscriber = await Subscriber.open(target, rosters);
    subscriber.mark = index;
    everyone.push(subscriber);
  }
  const bytesIn = () => everyone.reduce((sum, subscriber) => sum + subscriber.bytesIn, 0);

  const burstCpu = cpuMicros(target.pid);
  const burstBytes = bytesIn();
  const startedAt = performance.now();
  const joins: Promise<void>[] = [];
  while (joins.length < members) {
    const due = Math.min(members, Math.ceil(((performance.now() - startedAt) * members) / 1000));
    for (const subscriber of everyone.slice(joins.length, due)) joins.push(join(target, subscriber));
    await Bun.sleep(1);
  }
  await Promise.all(joins);
  const settleMs = await rosters.settled(members, members, startedAt);
  const burst = { cpu: cpuMicros(target.pid) - burstCpu, bytes: bytesIn() - burstBytes };
  rosters.checkNames();

  const leavers = everyone.slice(members - rejoining);
  for (const subscriber of leavers) {
    subscriber.sendText(JSON.stringify({ event: 'pusher:unsubscribe', data: { channel } }));
  }
  await rosters.settled(members - rejoining, members - rejoining, performance.now());
  const aloneCpu = cpuMicros(target.pid);
  const aloneBytes = bytesIn();
  let present = members - rejoining;
  for (const subscriber of leavers) {
    await join(target, subscriber);
    present += 1;
    await rosters.settled(present, present, performance.now());
  }
  rosters.checkNames();
  return {
    settleMs,
    burstCpu: burst.cpu / members,
    burstBytes: burst.bytes / members,
    aloneCpu: (cpuMicros(target.pid) - aloneCpu) / rejoining,
    aloneBytes: (bytesIn() - aloneBytes) / rejoining,
  };
};
