import type { BodyBudget } from '../fair-shares/body-budget.js';
import type { SenderLimit } from '../fair-shares/sender-limits.js';
import type { Counter, Histogram, Metrics } from '@sluice/service-shell';
import type { CallDecision, DecideCall } from '../decisions/decide-call.js';
import type { PermitCache } from '../decisions/permit-cache.js';
import type { RefusalCache } from '../decisions/refusal-cache.js';
import type { RecordDecision } from '../decisions/record-decision.js';
import type { TallyDecisions } from '../decisions/tally-decisions.js';
import { alarmRatio, type LogRoom } from '../messages/log-room.js';
import type { RecordMessage } from '../messages/record-message.js';

export interface ObservedParts {
  readonly permits: PermitCache;
  readonly refusals: RefusalCache<unknown>;
  readonly decideCall: DecideCall;
  readonly decisions: RecordDecision;
  readonly tallies: Pick<TallyDecisions, 'dropped'>;
  readonly messages: RecordMessage;
  readonly room: LogRoom;
  readonly bodies: Pick<BodyBudget, 'bytes' | 'statistics'>;
}

/** Milliseconds, for what is done in the process. */
const flowBuckets = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 60_000];

/** The flow runtime's own metrics. Labels are of closed sets: outcomes, and the codes of refusals. */
export class RuntimeMetrics {
  readonly #decisions: Counter<'outcome' | 'reason'>;
  readonly #handshakes: Counter<'kind'>;
  readonly #flow: Histogram;
  readonly #log: Histogram;
  readonly #unlogged: Counter<'when'>;
  readonly #limited: Counter<'limit'>;
  #permitted = 0;

  constructor(
    metrics: Metrics,
    { permits, refusals, decideCall, decisions, tallies, messages, room, bodies }: ObservedParts,
  ) {
    this.#decisions = metrics.counter(
      'sluice_refused_calls_total',
      'Calls that were not let in, by outcome and reason.',
      ['outcome', 'reason'],
    );
    this.#limited = metrics.counter(
      'sluice_limited_requests_total',
      'Requests of permitted senders answered 429, by the limit that they exceeded.',
      ['limit'],
    );
    this.#handshakes = metrics.counter('sluice_tls_handshakes_total', 'TLS handshakes of senders and load balancers.', [
      'kind',
    ]);
    this.#flow = metrics.histogram('sluice_flow_milliseconds', 'Time a message took in its flow.', {
      buckets: flowBuckets,
    });
    this.#log = metrics.histogram(
      'sluice_message_log_milliseconds',
      'Time until the entry of a message in the processing log was kept.',
      { buckets: flowBuckets },
    );
    metrics.counted('sluice_permitted_calls_total', 'Calls whose flow ran.', () => this.#permitted);
    metrics.gauge(
      'sluice_verdict_cache_entries',
      'Answers in the caches.',
      () => [
        [{ cache: 'permits' }, permits.size],
        [{ cache: 'refusals' }, refusals.size],
      ],
      ['cache'],
    );
    metrics.counted(
      'sluice_verdict_cache_lookups_total',
      'Looks into the caches; a hit is an answer that holds.',
      () => {
        const { hits, misses } = permits.statistics;
        return [
          [{ cache: 'permits', result: 'hit' }, hits],
          [{ cache: 'permits', result: 'miss' }, misses],
          [{ cache: 'refusals', result: 'hit' }, refusals.hits],
        ];
      },
      ['cache', 'result'],
    );
    metrics.counted(
      'sluice_verdict_cache_evictions_total',
      'Permits that made room.',
      () => permits.statistics.evictions,
    );
    metrics.gauge('sluice_decisions_under_way', 'Decisions being made now.', () => decideCall.underWay);
    metrics.gauge('sluice_lease_holds', '1 while cached answers may be used.', () => (decideCall.leaseHolds ? 1 : 0));
    metrics.counted('sluice_decision_records_dropped_total', 'Decision records not kept.', () => decisions.dropped);
    metrics.counted(
      'sluice_decision_tallies_dropped_total',
      'Calls missing in the list of decisions, because too many waited for Postgres.',
      () => tallies.dropped,
    );
    metrics.counted('sluice_message_log_entries_total', 'Entries given to the log.', () => messages.statistics.entries);
    this.#unlogged = metrics.counter(
      'sluice_message_log_refused_calls_total',
      'Calls answered 503 because their entry would not or could not be kept: before their flow began, or after it ran.',
      ['when'],
    );
    metrics.counted(
      'sluice_message_log_payloads_dropped_total',
      'Entries whose payloads or attachments were left out for want of room.',
      () => messages.statistics.withoutPayloads,
    );
    metrics.gauge('sluice_message_log_open', '1 while flows whose messages are logged may begin.', () =>
      room.open ? 1 : 0,
    );
    metrics.gauge('sluice_message_log_stream_bytes', 'Octets in the stream of the log.', () => room.fill.bytes);
    metrics.gauge('sluice_message_log_stream_limit_bytes', 'Octets it may hold.', () =>
      Number.isFinite(room.fill.maxBytes) ? room.fill.maxBytes : 0,
    );
    metrics.gauge('sluice_message_log_stream_ratio', 'How full it is, 0 to 1.', () => room.ratio);
    metrics.gauge('sluice_message_log_stream_alarm', '1 from half of its room on.', () =>
      room.ratio >= alarmRatio ? 1 : 0,
    );
    metrics.gauge('sluice_message_log_stream_batches', 'Groups of entries in it.', () => room.fill.messages);
    metrics.gauge(
      'sluice_message_log_stream_oldest_seconds',
      'Age of the oldest of them.',
      () => room.fill.oldestSeconds,
    );
    metrics.gauge(
      'sluice_request_body_bytes',
      'Octets reserved for bodies of requests, those of at most 64 KiB left out; and how many may be.',
      () => [
        [{ state: 'held' }, bodies.statistics.heldBytes],
        [{ state: 'limit' }, bodies.bytes],
      ],
      ['state'],
    );
    metrics.gauge('sluice_request_bodies_waiting', 'Bodies that wait for room.', () => bodies.statistics.waiting);
    metrics.counted(
      'sluice_request_bodies_refused_total',
      'Bodies that had no room, by reason.',
      () => Object.entries(bodies.statistics.refused).map(([reason, count]) => [{ reason }, count]),
      ['reason'],
    );
    metrics.counted('sluice_message_log_batches_total', 'Groups they were kept in.', () => messages.statistics.groups);
  }

  refused(outcome: CallDecision['outcome'], reason: string): void {
    this.#decisions.inc({ outcome, reason });
  }

  /** @param when whether its flow had begun */
  unlogged(when: 'before' | 'after'): void {
    this.#unlogged.inc({ when });
  }

  limited(limit: SenderLimit): void {
    this.#limited.inc({ limit });
  }

  handshake(resumed: boolean): void {
    this.#handshakes.inc({ kind: resumed ? 'resumed' : 'full' });
  }

  handshakeFailed(): void {
    this.#handshakes.inc({ kind: 'failed' });
  }

  /** @param flowMs time in the flow @param logMs time until its log entry was kept; undefined when it has none */
  ran(flowMs: number, logMs: number | undefined): void {
    this.#permitted++;
    this.#flow.observe(flowMs);
    if (logMs !== undefined) this.#log.observe(logMs);
  }
}
