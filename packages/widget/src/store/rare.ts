import type { Id } from '@earshot/chat/contract';
import type { AttentionPort } from '../attention/port.ts';
import type { Actions } from './actions.ts';
import { type Acts, type ActsParts, createActs } from './acts.ts';
import { runCommand } from './command-runs.ts';
import type { CommandName } from './commands.ts';
import { createFiles, type Files } from './files.ts';
import type { Kernel } from './kernel.ts';
import { createModeration, type Moderation, type ModerationParts } from './moderation.ts';
import { createSessions } from './sessions.ts';
import type { NotificationState } from './state.ts';

/** What is done now and then, loaded when it is done first. */
export interface Rare {
  readonly actions: Acts &
    Moderation &
    Pick<Actions, 'enablePush' | 'disablePush' | 'eraseMe' | 'loadSessions' | 'endSession' | 'copied'>;
  readonly files: Files;
  run(id: Id, name: CommandName, rest: string): void;
}

export interface RareParts extends ActsParts, ModerationParts {
  readonly attention: AttentionPort | null;
  signOut(): Promise<void>;
}

export function createRare(kernel: Kernel, parts: RareParts): Rare {
  const { api } = kernel;
  const { attention } = parts;
  const { acts, commands } = createActs(kernel, parts);
  const moderation = createModeration(kernel, parts);

  function setNotifications(change: Partial<NotificationState>): void {
    kernel.set({ notifications: { ...kernel.state().notifications, ...change } });
  }

  /** Where somebody looks at them. */
  async function renewRecords(id: Id): Promise<void> {
    if (kernel.state().records.rooms?.has(id)) await moderation.loadRoomRecords(id);
  }

  return {
    actions: {
      ...acts,
      ...moderation,
      ...createSessions(kernel),
      async moderate(...what) {
        await acts.moderate(...what);
        await renewRecords(what[0]);
      },
      async setRole(...what) {
        await acts.setRole(...what);
        await renewRecords(what[0]);
      },
      async copied(worked) {
        if (worked) kernel.done('copied');
        else kernel.problem({ code: 'unsupported' });
      },
      async eraseMe() {
        const { problem } = await api.call('DELETE /me', { confirm: 'erase' });
        if (problem !== null) return kernel.problem(problem);
        await parts.signOut();
        kernel.done('erased');
      },
      async enablePush() {
        const { config } = kernel.state();
        if (attention === null || config.phase !== 'ready' || attention.permission() !== 'granted') return;
        try {
          const body = await attention.subscribe(config.value.pushKey);
          const { problem } = await api.call('PUT /push/subscription', body);
          setNotifications({ push: problem === null ? 'on' : 'failed' });
          if (problem === null) kernel.done('push');
          else kernel.problem(problem);
        } catch {
          setNotifications({ push: 'failed' }); // the browser or its push service refused
        }
      },
      async disablePush() {
        if (attention === null) return;
        await attention.unsubscribe().catch(() => null); // what the server has is what counts
        const { problem } = await api.call('DELETE /push/subscription');
        setNotifications({ push: problem === null ? 'off' : 'failed' });
      },
    },
    files: createFiles(kernel),
    run: (id, name, rest) => void runCommand(kernel, commands, id, name, rest),
  };
}
