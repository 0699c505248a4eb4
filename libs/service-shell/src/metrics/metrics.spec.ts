import { describe, expect, it } from '@jest/globals';
import { Metrics } from './metrics.js';

describe('metrics', () => {
  it('are written in the text format of Prometheus', () => {
    const metrics = new Metrics();
    const decisions = metrics.counter('decisions_total', 'Decisions.');
    decisions.inc({ outcome: 'denied', reason: 'a"b\\c\nd' });
    decisions.inc({ outcome: 'denied', reason: 'a"b\\c\nd' });
    metrics.gauge('entries', 'Entries.', () => 3);
    metrics.counted('hits_total', 'Hits.', () => [[{ cache: 'permits' }, 7]]);
    expect(metrics.render()).toBe(
      [
        '# HELP decisions_total Decisions.',
        '# TYPE decisions_total counter',
        'decisions_total{outcome="denied",reason="a\\"b\\\\c\\nd"} 2',
        '# HELP entries Entries.',
        '# TYPE entries gauge',
        'entries 3',
        '# HELP hits_total Hits.',
        '# TYPE hits_total counter',
        'hits_total{cache="permits"} 7',
        '',
      ].join('\n'),
    );
  });

  it('cumulate the buckets of a histogram', () => {
    const metrics = new Metrics();
    const seconds = metrics.histogram('call_seconds', 'Calls.', [0.1, 1]);
    for (const value of [0.1, 0.5, 2]) seconds.observe(value, { to: 'verifier' });
    expect(metrics.render().split('\n').slice(2, -1)).toEqual([
      'call_seconds_bucket{to="verifier",le="0.1"} 1',
      'call_seconds_bucket{to="verifier",le="1"} 2',
      'call_seconds_bucket{to="verifier",le="+Inf"} 3',
      'call_seconds_sum{to="verifier"} 2.6',
      'call_seconds_count{to="verifier"} 3',
    ]);
  });

  it('do not grow without bound', () => {
    const metrics = new Metrics();
    const counter = metrics.counter('c', 'C.');
    for (let value = 0; value < 1_000; value++) counter.inc({ value: String(value) });
    expect(metrics.render().split('\n').length).toBeLessThan(210);
    expect(metrics.render()).toContain('c{other="true"} 800');
  });

  it('have each name once', () => {
    const metrics = new Metrics();
    metrics.counter('c', 'C.');
    expect(() => metrics.gauge('c', 'C.', () => 0)).toThrow(/already/);
  });
});
