import { Chatter } from '../../chat/chaos/chatter.ts';
import type { Figures } from '../support/figures.ts';
import { Scene } from '../support/scene.ts';
import type { PlayOptions } from './play.ts';

/** How long a message may take to be answered after all, and everybody to have it. */
const patienceMs = 60_000;

const chatSettings = {
  EARSHOT_APP_CHAT: 'true',
  EARSHOT_APP_CHAT_SIGN_INS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_REQUESTS_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_MESSAGES_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_ROOM_MESSAGES_PER_MINUTE: '0',
  EARSHOT_APP_CHAT_ADDRESS_REQUESTS_PER_MINUTE: '0',
};

/**
 * PostgreSQL dies and comes back while people come and go, applications publish and others chat: events go on, each fact is
 * told once, and every message that was answered is there once.
 */
export async function databaseRestarted(seed: number, { brokers, long }: PlayOptions): Promise<Figures> {
  await using scene = await Scene.open({ seed, brokers, database: true, env: chatSettings });
  const chatters: Chatter[] = [];
  for (const [i, { door }] of scene.nodes.entries()) {
    chatters.push(await Chatter.enter({ port: door.port, app: scene.app.key }, `Chatter ${i}`));
  }
  let isOver = false;
  const talking = Promise.all(
    chatters.map(async (chatter, who) => {
      for (let number = 1; !isOver; number++) {
        await chatter.say(`${who}/${number}`);
        await Bun.sleep(50);
      }
    }),
  );
  try {
    scene.start(20);
    await scene.warm(1_000, 2_000);
    for (let i = 0; i < (long ? 3 : 1); i++) {
      await scene.postgres?.crash(300 + scene.random() * (long ? 7_000 : 1_500));
      const answered = chatters.map((chatter) => chatter.answered.length);
      // The chat answers everybody again.
      const deadline = Date.now() + patienceMs;
      const isBack = () =>
        chatters.every((chatter, who) => chatter.answered.length > (answered[who] ?? 0) + 3);
      while (!isBack() && Date.now() < deadline) await Bun.sleep(50);
      if (!isBack()) scene.broken.push('the chat does not answer again');
      await scene.chance(500, 1_500);
    }
    await scene.heals();
    isOver = true;
    await Promise.race([talking, Bun.sleep(patienceMs)]);
    const figures = await scene.end();
    await judgeChat(chatters, figures);
    return figures;
  } finally {
    isOver = true;
    talking.catch(() => undefined); // It was said above, if it matters.
    for (const chatter of chatters) chatter.leave();
  }
}

/** Everybody has every message once, and what was answered is where the answer said. */
async function judgeChat(chatters: readonly Chatter[], figures: Figures): Promise<void> {
  const truth = (await chatters[0]?.history()) ?? [];
  const deadline = Date.now() + patienceMs;
  const last = Math.max(0, ...truth.map(({ change }) => change));
  while (chatters.some(({ known }) => known < last) && Date.now() < deadline) await Bun.sleep(50);
  const texts = Map.groupBy(truth, ({ text }) => text);
  const doubled = [...texts.values()].filter((all) => all.length > 1);
  let lost = 0;
  for (const { answered } of chatters) {
    for (const { id, seq } of answered) if (truth[seq - 1]?.id !== id) lost++;
  }
  const missing = chatters.reduce(
    (sum, { shown }) => sum + truth.filter(({ seq, id }) => shown.get(seq)?.id !== id).length,
    0,
  );
  figures.more['chat messages'] = truth.length;
  figures.more['chat messages lost'] = lost;
  figures.more['chat messages doubled'] = doubled.length;
  figures.more['chat messages not shown'] = missing;
  if (lost + doubled.length + missing > 0) {
    figures.broken.push(`the chat has lost ${lost}, doubled ${doubled.length}, not shown ${missing}`);
  }
}
