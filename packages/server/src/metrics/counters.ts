import { closeCodes } from '@earshot/protocol';

/** The server's own, and those of RFC 6455 that sockets really end with. */
const knownCloseCodes = new Set<number>([
  ...Object.values(closeCodes).map(({ code }) => code),
  ...[1000, 1001, 1002, 1005, 1006, 1007, 1009],
]);

/** Plain numbers that hot paths add to; `metrics/prometheus.ts` reads them when it is asked. */
export class Counters {
  connectionsOpened = 0;
  /** Close code to number of connections; codes that only a client would think of are together under 0. */
  readonly connectionsClosed = new Map<number, number>();
  framesReceived = 0;
  charactersReceived = 0;
  eventsPublished = 0;
  clientEvents = 0;
  /** API status to number of requests. */
  readonly apiRequests = new Map<number, number>();
  apiSignatureFailures = 0;
  channelSignatureFailures = 0;
  userSignatureFailures = 0;
  clientEventsOverRate = 0;
  /** Events of webhooks that their receiver has taken, and requests that failed. */
  webhooksDelivered = 0;
  webhookFailures = 0;
  /** Events that were tried for as long as they are, and those that could not even be written down. */
  webhooksGivenUp = 0;
  webhooksDropped = 0;
  /** Entries that wait to be written into the webhooks' journal. */
  webhookEntriesWaiting = 0;
  /** Questions between nodes that were not asked or not answered, being too many, and answers that did not come in time. */
  questionsDropped = 0;
  answersMissing = 0;
  /** Entries of the debug console that were left out because traffic outran its bound. */
  traceSkipped = 0;
  /** Consoles of other nodes that were not served, being too many. */
  traceWatchersRefused = 0;
  /** Minutes of statistics that wait to be written, and those given up because the database was away for too long. */
  statisticsWaiting = 0;
  statisticsDropped = 0;
  slowClientsCut = 0;
  /** Connections closed because too many of their messages waited. */
  inboxOverflows = 0;
  /** Sign-ins of operators refused because too many passwords were being checked. */
  signInsBusy = 0;
  /** Live views of operators cut because their reader did not keep up. */
  deskStreamsCut = 0;
  /** Bugs that a handler caught: each is in the log. */
  handlerFailures = 0;
  /** Work that failed where nobody waits for it, such as relaying to other nodes; each is in the log. */
  backgroundFailures = 0;

  connectionClosed(code: number): void {
    Counters.add(this.connectionsClosed, knownCloseCodes.has(code) ? code : 0);
  }

  static add(counts: Map<number, number>, key: number): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
}
