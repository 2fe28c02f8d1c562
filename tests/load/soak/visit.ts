import type { Target } from '../target.ts';

/**
 * One connection from its opening to its end, in one of the ways in which real ones come and go. `id` differs
 * for every visit. Rejects when the server answers in a way that it should not.
 */
export type Visit = (target: Target, id: number) => Promise<void>;
