import { type ChatConfig, type Id, limits } from '@earshot/chat/contract';
import { openSocket } from '../client/realtime.ts';
import type { Session } from '../client/session.ts';
import { createWire } from '../tabs/shared-wire.ts';
import type { Wire } from '../tabs/wire.ts';
import { type Acts, createActs } from './acts.ts';
import { createDrafting, type Drafting } from './drafting.ts';
import { createFollowing, type Following } from './following.ts';
import { createInbox, type Inbox } from './inbox.ts';
import type { Kernel } from './kernel.ts';
import { createPresence } from './presence.ts';
import { createReading, type Reading } from './reading.ts';
import { createSending, type Sending } from './sending.ts';
import type { Problem } from './state.ts';

/** Everything that there is while somebody is signed in. */
export interface PersonParts {
  readonly wire: Wire;
  readonly following: Following;
  readonly sending: Sending;
  readonly drafting: Drafting;
  readonly reading: Reading;
  readonly inbox: Inbox;
  readonly acts: Acts;
  /** Hears what there is to be heard now. */
  settle(): void;
  stop(): void;
}

export interface PersonHooks {
  open(id: Id): void;
  close(id: Id): void;
  /** Contacts, conversations, … are there for the first time. */
  ready(): void;
  ended(problem: Problem): void;
}

/** @param place names the server and the app: tabs of one person at one place share a connection */
export function createPerson(
  kernel: Kernel,
  session: Session,
  config: ChatConfig,
  place: string,
  me: Id,
  hooks: PersonHooks,
): PersonParts {
  const { env, api } = kernel;

  const wire = createWire(
    env,
    `earshot ${place} ${me}`,
    (listener) => {
      const renew = async () => {
        const token = await session.current();
        return token.problem === null ? session.renewed(token.value) : token;
      };
      return openSocket({ env, api, realtime: config.realtime, renew }, listener);
    },
    {
      connection(connection, retryAt) {
        const was = kernel.state().connection;
        kernel.set({ connection, retryAt });
        if (connection !== 'online' || was === 'online') return;
        sending.now();
        following.retry();
      },
      ended: hooks.ended,
    },
  );

  const following: Following = createFollowing(kernel, wire, {
    confirmed(conversation, id) {
      dropPreviews(conversation, id);
      sending.confirmed(conversation, id);
    },
    suspect: () => inbox.suspect(),
    roomHeard(id) {
      // A list that is loaded catches up by itself.
      if (kernel.conversation(id)?.timeline.older === 'unknown') inbox.refresh();
    },
    roomRefused: (id, { code }) =>
      removed({
        conversation: id,
        why: code === 'banned' ? 'banned' : code === 'not_found' ? 'closed' : 'kicked',
        until: null,
      }),
    personChanged: (person) => inbox.personChanged(person),
  });
  const sending: Sending = createSending(kernel, following.arrived);
  const presence = createPresence(kernel, wire);
  const reading = createReading(kernel);
  const { acts, commands, created } = createActs(kernel, {
    open: hooks.open,
    close: hooks.close,
    arrived: following.arrived,
    refresh: () => inbox.refreshBlocks(),
  });
  const drafting = createDrafting(kernel, { sending, presence, acts: commands, arrived: following.arrived });
  const inbox: Inbox = createInbox(kernel, wire, me, following, {
    created: ({ id, with: other }) => created(id, other?.id ?? null),
    removed,
    ready: hooks.ready,
  });

  function removed(event: Parameters<Parameters<typeof createInbox>[4]['removed']>[0]): void {
    const { conversation: id, why, until } = event;
    const isOpen = kernel.state().layout.panels.some((panel) => panel.conversation === id);
    if (why === 'left' || !isOpen) {
      hooks.close(id);
      kernel.drop(id);
    } else kernel.change(id, (state) => ({ ...state, removed: { why, until } }));
  }

  function dropPreviews(conversation: Id, id: string): void {
    const { items } = kernel.conversation(conversation)?.timeline ?? { items: [] };
    const item = items.find((one) => one.type === 'pending' && one.pending.id === id);
    if (item?.type !== 'pending') return;
    for (const { preview } of item.pending.attachments) {
      // The picture is on the screen until the one of the server has come.
      if (preview !== null) env.after(limits.typingExpiresMs, () => env.page.dropPreview(preview));
    }
  }

  return {
    wire,
    following,
    sending,
    drafting,
    reading,
    inbox,
    acts,
    settle() {
      following.settle();
      presence.settle();
      const { layout } = kernel.state();
      for (const { conversation, lowered } of layout.open ? layout.panels : []) {
        const state = kernel.conversation(conversation);
        if (!lowered && state?.removed === null && state.timeline.older === 'unknown')
          following.load(conversation);
      }
    },
    stop() {
      for (const part of [inbox, presence, following, sending, drafting, reading, wire]) part.stop();
    },
  };
}
