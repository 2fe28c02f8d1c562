/**
 * Earshot without what its desk costs, for the benchmark alone: what counts for the statistics and what asks whether a debug
 * console watches is replaced by functions that do nothing. Everything else is the server as it is; started without a
 * webhook, it journals nothing. The calls themselves stay, which the compiler inlines.
 */
import { Tally } from '../../packages/server/src/apps/tally.ts';
import { ClusterTrace } from '../../packages/server/src/trace/cluster-trace.ts';

const nothing = () => {};
const never = () => false;
Tally.prototype.add = nothing;
Tally.prototype.delivered = nothing;
Tally.prototype.opened = nothing;
Tally.prototype.closed = nothing;
ClusterTrace.prototype.isWatched = never;
ClusterTrace.prototype.looksAt = never;

await import('../../packages/server/src/main.ts');
