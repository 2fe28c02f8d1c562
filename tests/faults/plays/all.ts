import { brokerKilled, brokerPaused, connectionsReset } from './brokers.ts';
import { databaseRestarted } from './database.ts';
import { networkSlow, nodePartitioned, packetsLost } from './network.ts';
import { nodeKilled, nodePaused, rollingRestart } from './nodes.ts';
import type { Need, Play } from './play.ts';

interface Known {
  readonly play: Play;
  /** What the fault is, in a sentence. */
  readonly title: string;
  /** What must be there for the short form; the long one has PostgreSQL in every play. */
  readonly needs: readonly Need[];
}

/** Every fault that is played, by the name that the command takes. */
export const plays = {
  'node-killed': { play: nodeKilled, title: 'a node is killed', needs: [] },
  'node-paused': { play: nodePaused, title: 'a node is paused for two leases and goes on', needs: [] },
  'rolling-restart': {
    play: rollingRestart,
    title: 'three nodes behind a balancer are replaced one after the other',
    needs: ['postgres', 'haproxy'],
  },
  'broker-killed': { play: brokerKilled, title: 'Redis is killed and comes back empty', needs: [] },
  'broker-paused': { play: brokerPaused, title: 'Redis stands still for two leases', needs: [] },
  'connections-reset': {
    play: connectionsReset,
    title: 'connections to Redis are reset again and again',
    needs: [],
  },
  'database-restarted': {
    play: databaseRestarted,
    title: 'PostgreSQL dies and comes back',
    needs: ['postgres'],
  },
  'network-slow': {
    play: networkSlow,
    title: 'the network to Redis is slow, unevenly, and stands still for moments',
    needs: [],
  },
  'node-partitioned': {
    play: nodePartitioned,
    title: 'a node and Redis do not reach each other for two leases',
    needs: [],
  },
  'packets-lost': {
    play: packetsLost,
    title: 'packets between the nodes and Redis are lost',
    needs: ['namespaces'],
  },
} satisfies Record<string, Known>;

export type PlayName = keyof typeof plays;
