import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.js';

/** What every Node process has to say of itself, under the names that dashboards for Prometheus know. */
export function addProcessMetrics(metrics: Metrics): void {
  const loop = monitorEventLoopDelay({ resolution: 20 });
  loop.enable();
  metrics.counted('process_cpu_seconds_total', 'User and system CPU time.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  metrics.gauge('nodejs_heap_size_used_bytes', 'Heap in use.', () => process.memoryUsage().heapUsed);
  metrics.gauge(
    'process_start_time_seconds',
    'Start, seconds since 1970.',
    () => Date.now() / 1_000 - process.uptime(),
  );
  metrics.gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'Delay of the event loop since the last look, 99th percentile.',
    () => {
      const p99 = loop.percentile(99) / 1e9;
      loop.reset();
      return Number.isFinite(p99) ? p99 : 0;
    },
  );
}
