import type { Actions } from './actions.ts';
import type { Kernel } from './kernel.ts';
import type { Asked, SessionInfo } from './records.ts';

/** Where I am signed in, and ending it there. */
export function createSessions(kernel: Kernel): Pick<Actions, 'loadSessions' | 'endSession'> {
  const { env, api } = kernel;
  function put(sessions: Asked<readonly SessionInfo[]>): void {
    kernel.set({ records: { ...kernel.state().records, sessions } });
  }
  return {
    async loadSessions() {
      if (kernel.state().records.sessions?.phase !== 'ready') put({ phase: 'loading', since: env.now() });
      const { problem, value } = await api.call('GET /sessions');
      put(problem === null ? { phase: 'ready', value: value.sessions } : { phase: 'failed', problem });
    },
    async endSession(id) {
      const { problem } = await api.call('DELETE /sessions/:', id);
      // Ended already is ended, too.
      if (problem !== null && problem.code !== 'not_found') return kernel.problem(problem);
      const { sessions } = kernel.state().records;
      if (sessions?.phase === 'ready') {
        put({ phase: 'ready', value: sessions.value.filter((one) => one.id !== id) });
      }
    },
  };
}
