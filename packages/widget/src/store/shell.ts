import type { Me } from '@earshot/chat/contract';
import type { Api } from '../client/api.ts';
import { type Env, uuid } from '../client/env.ts';
import type { Problem, WidgetState } from './state.ts';

const noticesMax = 3;
const problemShownMs = 10_000;
const doneShownMs = 5_000;

/** The state and what there is of it before anybody is signed in. */
export interface Shell {
  readonly env: Env;
  readonly api: Api;
  state(): WidgetState;
  set(change: Partial<WidgetState>): void;
  me(): Me | null;
  /** Says it in a small message that comes and goes. */
  problem(problem: Problem): void;
  done(what: string): void;
  dismiss(key: string): void;
}

export function createShell(env: Env, api: Api, first: WidgetState, changed: () => void): Shell {
  let state = first;

  function notice(problem: Problem | null, done: string | null): void {
    const key = uuid(env);
    const kind = problem === null ? 'done' : 'problem';
    const others = state.notices.filter((one) => one.done !== done || one.problem?.code !== problem?.code);
    shell.set({ notices: [...others, { key, kind, problem, done } as const].slice(-noticesMax) });
    env.after(problem === null ? doneShownMs : problemShownMs, () => shell.dismiss(key));
  }

  const shell: Shell = {
    env,
    api,
    state: () => state,
    set(change) {
      state = { ...state, ...change };
      changed();
    },
    me: () => (state.session.phase === 'in' ? state.session.me : null),
    problem: (problem) => notice(problem, null),
    done: (what) => notice(null, what),
    dismiss(key) {
      const notices = state.notices.filter((one) => one.key !== key);
      if (notices.length < state.notices.length) shell.set({ notices });
    },
  };
  return shell;
}
