import { describe, expect, it } from '@jest/globals';
import { Metrics } from '@sluice/service-shell';
import type { Endpoint } from '../flows/deployed-flows.js';
import type { DecideCall } from '../decisions/decide-call.js';
import { PermitCache } from '../decisions/permit-cache.js';
import type { RecordDecision } from '../decisions/record-decision.js';
import { RefusalCache } from '../decisions/refusal-cache.js';
import { LogRoom } from '../messages/log-room.js';
import type { RecordMessage } from '../messages/record-message.js';
import { BodyBudget } from '../fair-shares/body-budget.js';
import { RuntimeMetrics } from './runtime-metrics.js';

const endpoint = { flowId: 'f', endpointId: 's' } as unknown as Endpoint;

function observed() {
  const metrics = new Metrics();
  const permits = new PermitCache(1);
  const refusals = new RefusalCache<string>(10, 1_000, () => 0);
  const room = new LogRoom();
  const lease = { underWay: 0, leaseHolds: true };
  const decisions = { dropped: 0 };
  const tallies = { dropped: 0 };
  const statistics = { entries: 0, groups: 0, withoutPayloads: 0 };
  const runtimeMetrics = new RuntimeMetrics(metrics, {
    permits,
    refusals,
    decideCall: lease as unknown as DecideCall,
    decisions: decisions as unknown as RecordDecision,
    tallies,
    messages: { statistics } as unknown as RecordMessage,
    room,
    bodies: new BodyBudget(1_000, 0),
  });
  /** @returns the value of each series whose name begins so */
  const values = async (name: string): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await metrics.render())
        .split('\n')
        .filter((line) => line.startsWith(name))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  return { runtimeMetrics, permits, refusals, room, lease, decisions, tallies, statistics, values };
}

describe('the metrics of a flow runtime', () => {
  it('count refused calls by outcome and reason, and permitted ones apart', async () => {
    const { runtimeMetrics, values } = observed();
    runtimeMetrics.refused('unauthenticated', 'expired');
    runtimeMetrics.refused('unauthenticated', 'expired');
    runtimeMetrics.refused('forbidden', 'role-missing');
    runtimeMetrics.ran(3, 7);
    expect(await values('sluice_refused_calls_total')).toEqual({
      'sluice_refused_calls_total{outcome="unauthenticated",reason="expired"}': 2,
      'sluice_refused_calls_total{outcome="forbidden",reason="role-missing"}': 1,
    });
    expect(await values('sluice_permitted_calls_total')).toEqual({ sluice_permitted_calls_total: 1 });
  });

  it('say how long flows took, and how long their entries where they have one', async () => {
    const { runtimeMetrics, values } = observed();
    runtimeMetrics.ran(3, 7);
    runtimeMetrics.ran(4, undefined);
    expect(await values('sluice_flow_milliseconds_sum')).toEqual({ sluice_flow_milliseconds_sum: 7 });
    expect(await values('sluice_flow_milliseconds_count')).toEqual({ sluice_flow_milliseconds_count: 2 });
    expect(await values('sluice_message_log_milliseconds_sum')).toEqual({ sluice_message_log_milliseconds_sum: 7 });
    expect(await values('sluice_message_log_milliseconds_count')).toEqual({ sluice_message_log_milliseconds_count: 1 });
  });

  it('count handshakes by their kind, and calls without an entry by when', async () => {
    const { runtimeMetrics, values } = observed();
    runtimeMetrics.handshake(false);
    runtimeMetrics.handshake(true);
    runtimeMetrics.handshake(true);
    runtimeMetrics.handshakeFailed();
    runtimeMetrics.unlogged('before');
    expect(await values('sluice_tls_handshakes_total')).toEqual({
      'sluice_tls_handshakes_total{kind="full"}': 1,
      'sluice_tls_handshakes_total{kind="resumed"}': 2,
      'sluice_tls_handshakes_total{kind="failed"}': 1,
    });
    expect(await values('sluice_message_log_refused_calls_total')).toEqual({
      'sluice_message_log_refused_calls_total{when="before"}': 1,
    });
  });

  it('show the caches as they are at the moment they are read', async () => {
    const { permits, refusals, values } = observed();
    const given = (shown: string) => ({
      shown,
      endpoint,
      caller: { subjectdn: '' },
      validUntilMs: 1,
      dependencies: [],
    });
    for (const name of ['a', 'b']) permits.store(given(name));
    permits.get('b', endpoint);
    permits.get('a', endpoint);
    refusals.store('q', 'no', { dependencies: [], trustAsOf: 0 });
    refusals.store('r', 'no', { dependencies: [], trustAsOf: 0 });
    for (let look = 0; look < 3; look++) refusals.get('q');
    expect(await values('sluice_verdict_cache_')).toEqual({
      'sluice_verdict_cache_entries{cache="permits"}': 1,
      'sluice_verdict_cache_entries{cache="refusals"}': 2,
      'sluice_verdict_cache_lookups_total{cache="permits",result="hit"}': 1,
      'sluice_verdict_cache_lookups_total{cache="permits",result="miss"}': 1,
      'sluice_verdict_cache_lookups_total{cache="refusals",result="hit"}': 3,
      sluice_verdict_cache_evictions_total: 1,
    });
  });

  it('show the lease, what is being decided, and what was not kept', async () => {
    const { lease, decisions, tallies, statistics, values } = observed();
    Object.assign(lease, { underWay: 4, leaseHolds: false });
    decisions.dropped = 2;
    tallies.dropped = 5;
    Object.assign(statistics, { entries: 9, groups: 3, withoutPayloads: 1 });
    expect({
      ...(await values('sluice_decision')),
      ...(await values('sluice_lease_holds')),
      ...(await values('sluice_message_log_entries_total')),
      ...(await values('sluice_message_log_batches_total')),
      ...(await values('sluice_message_log_payloads_dropped_total')),
    }).toEqual({
      sluice_decisions_under_way: 4,
      sluice_decision_records_dropped_total: 2,
      sluice_decision_tallies_dropped_total: 5,
      sluice_lease_holds: 0,
      sluice_message_log_entries_total: 9,
      sluice_message_log_batches_total: 3,
      sluice_message_log_payloads_dropped_total: 1,
    });
    lease.leaseHolds = true;
    expect(await values('sluice_lease_holds')).toEqual({ sluice_lease_holds: 1 });
  });

  it('show how full the log is, and alarm from half of its room on', async () => {
    const { room, values } = observed();
    expect(await values('sluice_message_log_stream_limit_bytes')).toEqual({ sluice_message_log_stream_limit_bytes: 0 });
    expect(await values('sluice_message_log_open')).toEqual({ sluice_message_log_open: 0 });
    room.kept(0);
    room.seen({ bytes: 49, maxBytes: 100, messages: 5, oldestSeconds: 60 });
    expect(await values('sluice_message_log_stream_alarm')).toEqual({ sluice_message_log_stream_alarm: 0 });
    room.seen({ bytes: 50, maxBytes: 100, messages: 5, oldestSeconds: 60 });
    expect({ ...(await values('sluice_message_log_stream_')), ...(await values('sluice_message_log_open')) }).toEqual({
      sluice_message_log_open: 1,
      sluice_message_log_stream_bytes: 50,
      sluice_message_log_stream_limit_bytes: 100,
      sluice_message_log_stream_ratio: 0.5,
      sluice_message_log_stream_alarm: 1,
      sluice_message_log_stream_batches: 5,
      sluice_message_log_stream_oldest_seconds: 60,
    });
  });
});
