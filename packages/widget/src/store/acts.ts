import type { Id, Message } from '@earshot/chat/contract';
import type { Answer } from '../client/answer.ts';
import type { RoomBody } from '../client/routes.ts';
import type { Actions, RoomRequest } from './actions.ts';
import type { CommandActs } from './command-runs.ts';
import type { Kernel } from './kernel.ts';
import { withImport, withInvitation, withoutContact } from './people.ts';
import type { Problem } from './state.ts';
import { messageAt } from './timeline.ts';

/** What a person does to people, rooms and messages: ask the server, take over what it answers, say what went wrong. */
export type Acts = Pick<
  Actions,
  | 'rename'
  | 'setInvisible'
  | 'setPreferences'
  | 'exportMine'
  | 'startConversation'
  | 'acceptInvitation'
  | 'declineInvitation'
  | 'cancelInvitation'
  | 'removeContact'
  | 'block'
  | 'unblock'
  | 'importContacts'
  | 'report'
  | 'enterRoom'
  | 'createRoom'
  | 'leaveConversation'
  | 'setTopic'
  | 'setRoom'
  | 'moderate'
  | 'setRole'
  | 'setNotify'
  | 'deleteMessage'
  | 'react'
>;

export interface ActsParts {
  open(id: Id): void;
  close(id: Id): void;
  arrived(message: Message): void;
  /** Blocks have changed here: everything that depends on them is asked for. */
  refresh(): void;
  /** Whose acceptance this tab waits for: only here the conversation then opens by itself. */
  readonly expecting: Set<Id>;
}

export function createActs(
  kernel: Kernel,
  parts: ActsParts,
): { readonly acts: Acts; readonly commands: CommandActs } {
  const { env, api } = kernel;
  const { expecting } = parts;

  /** Says what went wrong in a notice, or that it is done. */
  async function saying(problem: Promise<Problem | null>, done?: string): Promise<void> {
    const wrong = await problem;
    if (wrong !== null) kernel.problem(wrong);
    else if (done !== undefined) kernel.done(done);
  }

  async function using<T>(answer: Promise<Answer<T>>, use: (value: T) => void): Promise<Problem | null> {
    const { problem, value } = await answer;
    if (problem === null) use(value);
    return problem;
  }

  const nothing = () => {};

  function changeMe(body: { name?: string; invisible?: boolean; preferences?: object }) {
    return using(api.call('PATCH /me', body), (me) => {
      if (kernel.me()?.id === me.id) kernel.setMe(me);
    });
  }

  function openRoom(room: RoomRequest): Promise<Problem | null> {
    const body: RoomBody = room.kind === 'page' ? { kind: 'page', url: env.page.address() } : room;
    return using(api.call('POST /rooms/open', body), (conversation) => {
      kernel.put(conversation);
      parts.open(conversation.id);
    });
  }

  async function openById(id: Id): Promise<Problem | null> {
    if (kernel.conversation(id) === undefined) {
      const problem = await using(api.call('GET /conversations/:', id), (one) => kernel.put(one));
      if (problem !== null) return problem;
    }
    parts.open(id);
    return null;
  }

  async function leave(id: Id): Promise<Problem | null> {
    return using(api.call('DELETE /conversations/:/membership', id), () => {
      parts.close(id);
      kernel.drop(id);
    });
  }

  function setRoom(id: Id, settings: Parameters<Actions['setRoom']>[1] & { topic?: string }) {
    return using(api.call('PATCH /conversations/:', settings, id), (conversation) =>
      kernel.put(conversation),
    );
  }

  function moderate(...[id, act, person, minutes]: Parameters<Actions['moderate']>) {
    const body = { act, person, ...(minutes === null ? {} : { minutes }) };
    return using(api.call('POST /conversations/:/moderation', body, id), nothing);
  }

  function startConversation(person: Id): Promise<Problem | null> {
    for (const [id, { conversation }] of kernel.state().conversations) {
      if (conversation.with?.id !== person) continue;
      parts.open(id);
      return Promise.resolve(null);
    }
    expecting.add(person);
    return using(api.call('POST /invitations', { to: person }), ({ invitation, conversation }) => {
      if (conversation !== null) {
        kernel.put(conversation);
        expecting.delete(person);
        parts.open(conversation.id);
      } else if (invitation !== null) kernel.changePeople((people) => withInvitation(people, invitation));
    });
  }

  async function answer(id: Id, how: 'accept' | 'decline' | 'cancel'): Promise<Problem | null> {
    const { problem, value } = await api.call(`POST /invitations/:/${how}`, id);
    if (problem !== null) {
      // Answered elsewhere, or over: not a prompt any more.
      if (problem.code === 'conflict' || problem.code === 'not_found') {
        kernel.changePeople((people) => ({
          ...people,
          invitations: people.invitations.filter((one) => one.id !== id),
        }));
      }
      return problem;
    }
    const { invitation } = value;
    kernel.changePeople((people) => withInvitation(people, invitation));
    if (how === 'cancel') expecting.delete(invitation.to.id);
    return how === 'accept' && invitation.conversation !== null ? openById(invitation.conversation) : null;
  }

  const commands: CommandActs = {
    rename: (name) => changeMe({ name }),
    setTopic: (id, topic) => setRoom(id, { topic }),
    moderate,
    join: (name) => openRoom(name.toLowerCase() === 'lobby' ? { kind: 'lobby' } : { kind: 'named', name }),
    leave,
  };

  const acts: Acts = {
    rename: (name) => saying(changeMe({ name }), 'saved'),
    setInvisible: (invisible) => saying(changeMe({ invisible })),
    setPreferences: (preferences) => saying(changeMe({ preferences })),
    exportMine: () =>
      saying(
        using(api.call('GET /me/export'), (mine) => {
          const json = JSON.stringify(mine, null, 2);
          env.page.save('chat-export.json', new Blob([json], { type: 'application/json' }));
        }),
        'exported',
      ),
    startConversation: (person) => saying(startConversation(person)),
    acceptInvitation: (id) => saying(answer(id, 'accept')),
    declineInvitation: (id) => saying(answer(id, 'decline')),
    cancelInvitation: (id) => saying(answer(id, 'cancel')),
    removeContact: (person) =>
      saying(
        using(api.call('DELETE /contacts/:', person), () =>
          kernel.changePeople((people) => withoutContact(people, person)),
        ),
      ),
    block: (person) => saying(using(api.call('PUT /blocks/:', person), parts.refresh), 'blocked'),
    unblock: (person) => saying(using(api.call('DELETE /blocks/:', person), parts.refresh), 'unblocked'),
    importContacts: (provider) =>
      saying(
        using(api.call('POST /imports', { provider }), (job) =>
          kernel.changePeople((people) => withImport(people, job)),
        ),
      ),
    report: (subject) => saying(using(api.call('POST /reports', subject), nothing), 'reported'),
    enterRoom: (room) => saying(openRoom(room)),
    createRoom: (room) =>
      saying(
        using(api.call('POST /rooms', room), (conversation) => {
          kernel.put(conversation);
          parts.open(conversation.id);
        }),
      ),
    leaveConversation: (id) => saying(leave(id), 'left'),
    setTopic: (id, topic) => saying(setRoom(id, { topic })),
    setRoom: (id, settings) => saying(setRoom(id, settings), 'saved'),
    moderate: (...what) => saying(moderate(...what), 'moderated'),
    setRole: (id, person, role) =>
      saying(using(api.call('PUT /conversations/:/members/:/role', { role }, id, person), nothing), 'saved'),
    setNotify: (id, notify) =>
      saying(
        using(api.call('PATCH /conversations/:/membership', { notify }, id), () =>
          kernel.change(id, (state) => ({
            ...state,
            conversation: { ...state.conversation, me: { ...state.conversation.me, notify } },
          })),
        ),
      ),
    deleteMessage: (id, seq) =>
      saying(
        using(api.call('DELETE /conversations/:/messages/:', id, seq), ({ message }) =>
          parts.arrived(message),
        ),
      ),
    react(id, seq, emoji) {
      const me = kernel.me()?.id ?? '';
      const state = kernel.conversation(id);
      const given = state === undefined ? null : messageAt(state.timeline, seq);
      const mine = given?.reactions.some((one) => one.emoji === emoji && one.users.includes(me)) ?? false;
      const route = `${mine ? 'DELETE' : 'PUT'} /conversations/:/messages/:/reactions/:` as const;
      return saying(using(api.call(route, id, seq, emoji), ({ message }) => parts.arrived(message)));
    },
  };
  return { acts, commands };
}
