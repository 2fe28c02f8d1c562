import { heapStats } from 'bun:jsc';
import type { Clock, Timer } from '@earshot/base';
import {
  AggregatorRegistry,
  Counter,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { FanOut } from '../channels/fanout.ts';
import { fanOutBucketsMs } from '../channels/fanout.ts';
import type { Hub } from '../channels/hub.ts';
import type { Counters } from './counters.ts';

const lagSampleMs = 500;

export interface MetricsParts {
  readonly counters: Counters;
  readonly hub: Hub;
  readonly fanOut: FanOut;
  readonly clock: Clock;
  /** Connections by transport, counted when asked. */
  readonly connections: () => ReadonlyMap<string, number>;
  /** What the cluster wants to show (`cluster/cluster.ts`). */
  readonly cluster: readonly { name: string; help: string; isCounter: boolean; read(): number }[];
  /** Nodes of the cluster, this one included. */
  readonly nodes: () => number;
}

/** `/metrics` in Prometheus' text format. Nothing is computed until it is asked for. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #lagTimer: Timer;
  #lagMaxMs = 0;

  constructor(parts: MetricsParts) {
    const { counters, hub, fanOut, clock } = parts;
    const registers = [this.#registry];

    /** @param together how the numbers of several workers become one */
    const gauge = (name: string, help: string, read: () => number, together: 'sum' | 'max' = 'sum') => {
      new Gauge({
        name: `earshot_${name}`,
        help,
        registers,
        aggregator: together,
        collect() {
          this.set(read());
        },
      });
    };
    // A counter of the library only adds up, ours is added up already: it is set anew at each scrape.
    const counter = (name: string, help: string, read: () => number) => {
      new Counter({
        name: `earshot_${name}`,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    };
    const counterBy = (
      name: string,
      help: string,
      label: string,
      read: () => ReadonlyMap<string | number, number>,
    ) => {
      new Counter({
        name: `earshot_${name}`,
        help,
        labelNames: [label],
        registers,
        collect() {
          this.reset();
          for (const [value, count] of read()) this.inc({ [label]: String(value) }, count);
        },
      });
    };

    new Gauge({
      name: 'earshot_connections',
      help: 'Open connections',
      labelNames: ['transport'],
      registers,
      collect() {
        for (const [transport, count] of parts.connections()) this.set({ transport }, count);
      },
    });
    gauge('channels', 'Channels with subscriptions on this node', () => hub.size);
    gauge('subscriptions', 'Subscriptions on this node', () => hub.subscriptions);
    counter('connections_opened_total', 'Connections accepted', () => counters.connectionsOpened);
    counterBy(
      'connections_closed_total',
      'Connections closed or refused, by close code',
      'code',
      () => counters.connectionsClosed,
    );
    counter('messages_received_total', 'Messages from clients', () => counters.framesReceived);
    counter(
      'received_characters_total',
      'Characters of messages from clients',
      () => counters.charactersReceived,
    );
    counter(
      'events_published_total',
      'Events accepted from publishers, one for each channel',
      () => counters.eventsPublished,
    );
    counter('client_events_total', 'Client events accepted', () => counters.clientEvents);
    counter(
      'client_events_over_rate_total',
      'Client events refused for their rate',
      () => counters.clientEventsOverRate,
    );
    counterBy('api_requests_total', 'HTTP API requests, by status', 'status', () => counters.apiRequests);
    counterBy(
      'signature_failures_total',
      'Refused signatures, by what was signed',
      'of',
      () =>
        new Map([
          ['api', counters.apiSignatureFailures],
          ['channel', counters.channelSignatureFailures],
          ['user', counters.userSignatureFailures],
        ]),
    );
    counter('fanout_events_total', 'Events handed to fan-out', () => fanOut.stats.events);
    counter('fanout_deliveries_total', 'Events times subscribers', () => fanOut.stats.deliveries);
    counter(
      'fanout_delivered_characters_total',
      'Characters times subscribers',
      () => fanOut.stats.deliveredCharacters,
    );
    counter(
      'fanout_coalesced_total',
      'Events that shared a write with an earlier one',
      () => fanOut.stats.coalesced,
    );
    counter(
      'webhook_events_delivered_total',
      'Events that a webhook has taken',
      () => counters.webhooksDelivered,
    );
    counter(
      'webhook_failures_total',
      'Requests to webhooks that failed and are repeated, or were the last',
      () => counters.webhookFailures,
    );
    counter(
      'webhook_events_given_up_total',
      'Events that a webhook did not take in time',
      () => counters.webhooksGivenUp,
    );
    counter(
      'webhook_events_dropped_total',
      'Events for webhooks that could not be written down fast enough',
      () => counters.webhooksDropped,
    );
    gauge('nodes', 'Nodes of the cluster that this one knows of, itself included', parts.nodes, 'max');
    counter(
      'node_questions_dropped_total',
      'Questions between nodes that were not asked or answered because too many were under way',
      () => counters.questionsDropped,
    );
    counter(
      'node_answers_missing_total',
      'Answers of other nodes that did not come in time',
      () => counters.answersMissing,
    );
    counter(
      'console_entries_skipped_total',
      'Entries left out of debug consoles because traffic outran what they show',
      () => counters.traceSkipped,
    );
    counter(
      'console_watchers_refused_total',
      'Debug consoles of other nodes that this one did not serve, being too many',
      () => counters.traceWatchersRefused,
    );
    gauge(
      'statistics_waiting',
      'Rows of statistics that wait for the database',
      () => counters.statisticsWaiting,
    );
    counter(
      'statistics_dropped_total',
      'Rows of statistics given up because the database was away for too long',
      () => counters.statisticsDropped,
    );
    gauge(
      'webhook_entries_waiting',
      'Events for webhooks that wait in memory to be written down',
      () => counters.webhookEntriesWaiting,
    );
    counter(
      'slow_clients_cut_total',
      'Connections cut because they read too slowly',
      () => counters.slowClientsCut,
    );
    counter(
      'inbox_overflows_total',
      'Connections closed because too many of their messages waited',
      () => counters.inboxOverflows,
    );
    counter(
      'sign_ins_busy_total',
      'Sign-ins of operators refused because too many passwords were being checked',
      () => counters.signInsBusy,
    );
    counter(
      'desk_streams_cut_total',
      'Live views of operators cut because their reader did not keep up',
      () => counters.deskStreamsCut,
    );
    counter(
      'handler_failures_total',
      'Bugs that a handler caught; each is in the log',
      () => counters.handlerFailures,
    );
    counter(
      'background_failures_total',
      'Failures of work that nobody waits for; each is in the log',
      () => counters.backgroundFailures,
    );
    for (const { name, help, isCounter, read } of parts.cluster)
      (isCounter ? counter : gauge)(name, help, read);
    gauge(
      'loop_lag_seconds',
      'Longest delay of the event loop since the last scrape',
      () => {
        const lag = this.#lagMaxMs / 1000;
        this.#lagMaxMs = 0;
        return lag;
      },
      'max',
    );
    this.#registry.registerMetric(new FanOutHistogram(fanOut) as never);
    gauge('resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
    gauge(
      'heap_bytes',
      'Memory of JavaScript objects, live and not yet collected',
      () => heapStats().heapSize,
    );
    counter('cpu_seconds_total', 'CPU time of the process', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });

    let expected = clock.monotonic() + lagSampleMs;
    this.#lagTimer = clock.every(lagSampleMs, () => {
      const now = clock.monotonic();
      this.#lagMaxMs = Math.max(this.#lagMaxMs, now - expected);
      expected = now + lagSampleMs;
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** The same numbers for `textOfAll`. */
  values(): Promise<unknown> {
    return this.#registry.getMetricsAsJSON();
  }

  /** The numbers of several workers as those of one server. @param all what `values` of each gave */
  static textOfAll(all: readonly unknown[]): Promise<string> {
    return AggregatorRegistry.aggregate(all as object[]).metrics();
  }

  stop(): void {
    this.#lagTimer.cancel();
  }
}

/** The time of fan-out as a histogram, from the buckets that `FanOut` fills; the library has no way to set one. */
class FanOutHistogram {
  readonly name = 'earshot_fanout_duration_seconds';
  readonly help = 'Time to hand the events of one channel to the sockets';
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  readonly #fanOut: FanOut;

  constructor(fanOut: FanOut) {
    this.#fanOut = fanOut;
  }

  async get(): Promise<unknown> {
    const { durations, durationSumMs } = this.#fanOut.stats;
    const values: (MetricValue<string> & { metricName: string })[] = [];
    let count = 0;
    durations.forEach((inBucket, index) => {
      count += inBucket;
      const boundMs = fanOutBucketsMs[index];
      const le = boundMs === undefined ? '+Inf' : boundMs / 1000;
      values.push({ value: count, labels: { le }, metricName: `${this.name}_bucket` });
    });
    values.push({ value: durationSumMs / 1000, labels: {}, metricName: `${this.name}_sum` });
    values.push({ value: count, labels: {}, metricName: `${this.name}_count` });
    return {
      name: this.name,
      help: this.help,
      type: this.type,
      aggregator: this.aggregator,
      values,
    } as unknown as MetricObjectWithValues<MetricValue<string>>;
  }

  reset(): void {}
}
