import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.js';

const linesOf = async (metrics: Metrics) => (await metrics.render()).split('\n').filter((line) => line !== '');

describe('metrics', () => {
  it('are written in the text format of Prometheus', async () => {
    const metrics = new Metrics();
    const decisions = metrics.counter('decisions_total', 'Decisions.', ['outcome', 'reason']);
    decisions.inc({ outcome: 'denied', reason: 'a"b\\c\nd' });
    decisions.inc({ outcome: 'denied', reason: 'a"b\\c\nd' });
    metrics.counter('ended_total', 'Ended.').add(3);
    metrics.gauge('entries', 'Entries.', () => 3);
    metrics.counted('hits_total', 'Hits.', () => [[{ cache: 'permits' }, 7]], ['cache']);
    expect(await linesOf(metrics)).toEqual([
      '# HELP decisions_total Decisions.',
      '# TYPE decisions_total counter',
      'decisions_total{outcome="denied",reason="a\\"b\\\\c\\nd"} 2',
      '# HELP ended_total Ended.',
      '# TYPE ended_total counter',
      'ended_total 3',
      '# HELP entries Entries.',
      '# TYPE entries gauge',
      'entries 3',
      '# HELP hits_total Hits.',
      '# TYPE hits_total counter',
      'hits_total{cache="permits"} 7',
    ]);
  });

  it('cumulate the buckets of a histogram', async () => {
    const metrics = new Metrics();
    const seconds = metrics.histogram('call_seconds', 'Calls.', { labelNames: ['to'], buckets: [0.1, 1] });
    for (const value of [0.1, 0.5, 2]) seconds.observe(value, { to: 'verifier' });
    expect((await linesOf(metrics)).slice(2)).toEqual([
      'call_seconds_bucket{le="0.1",to="verifier"} 1',
      'call_seconds_bucket{le="1",to="verifier"} 2',
      'call_seconds_bucket{le="+Inf",to="verifier"} 3',
      'call_seconds_sum{to="verifier"} 2.6',
      'call_seconds_count{to="verifier"} 3',
    ]);
  });

  it('are read anew each time somebody looks, and what is gone is not shown', async () => {
    const metrics = new Metrics();
    let keys = ['a', 'b'];
    let count = 1;
    metrics.gauge('key', 'Keys.', () => keys.map((id) => [{ id }, 1]), ['id']);
    metrics.counted('changes_total', 'Changes.', () => count);
    expect(await linesOf(metrics)).toEqual(
      expect.arrayContaining(['key{id="a"} 1', 'key{id="b"} 1', 'changes_total 1']),
    );
    keys = ['b'];
    count = 2;
    expect((await linesOf(metrics)).filter((line) => !line.startsWith('#'))).toEqual([
      'key{id="b"} 1',
      'changes_total 2',
    ]);
  });

  it('do not grow without bound', async () => {
    const metrics = new Metrics();
    const counter = metrics.counter('c', 'C.', ['value']);
    const histogram = metrics.histogram('h', 'H.', { labelNames: ['value'], buckets: [1] });
    metrics.gauge('g', 'G.', () => Array.from({ length: 1_000 }, (_, value) => [{ value: `${value}` }, 1]), ['value']);
    for (let value = 0; value < 1_000; value++) {
      counter.inc({ value: String(value) });
      histogram.observe(1, { value: String(value) });
    }
    const lines = await linesOf(metrics);
    expect(lines.length).toBeLessThan(210 + 4 * 210 + 210);
    expect(lines).toContain('c{value="other"} 800');
    expect(lines).toContain('h_count{value="other"} 800');
  });

  it('have each name once', () => {
    const metrics = new Metrics();
    metrics.counter('c', 'C.');
    expect(() => metrics.gauge('c', 'C.', () => 0)).toThrow(/already/);
  });

  it('of a process have the names that dashboards know', async () => {
    const metrics = new Metrics();
    metrics.addProcessMetrics();
    const text = await metrics.render();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_start_time_seconds',
      'nodejs_heap_size_used_bytes',
      'nodejs_eventloop_lag_p99_seconds',
    ])
      expect(text).toMatch(new RegExp(`^${name} [\\d.e-]+$`, 'm'));
  });
});
