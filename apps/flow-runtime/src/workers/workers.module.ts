import { CONFIG, ON_FAULT, Shell } from '@sluice/service-shell';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config.js';
import { BodyMemory } from '../fair-shares/body-memory.js';
import { FlowWorkers } from './flow-workers.js';
import type { WorkerEndReason } from './worker.js';

/** Processes for messages whose cost their sender decides. */
@Module({
  providers: [
    BodyMemory,
    {
      provide: FlowWorkers,
      inject: [CONFIG, BodyMemory, ON_FAULT],
      useFactory: (config: Config, memory: BodyMemory, onFault: Shell['onFault']) =>
        new FlowWorkers({
          processes: config.FLOW_WORKERS,
          cpuMs: config.MESSAGE_CPU_MS,
          memoryMb: config.FLOW_WORKER_MEMORY_MB,
          scriptTimeLimitMs: config.SCRIPT_TIME_LIMIT_MS,
          scriptMemoryBytes: config.SCRIPT_MEMORY_MB * 1_048_576,
          memory,
          onFault,
        }),
    },
  ],
  exports: [BodyMemory, FlowWorkers],
})
export class WorkersModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly workers: FlowWorkers,
    { metrics }: Shell,
  ) {
    metrics.gauge(
      'sluice_flow_workers',
      'Worker processes, and those that work on a message now.',
      () => {
        const { processes, busy } = workers.statistics;
        return [
          [{ state: 'all' }, processes],
          [{ state: 'busy' }, busy],
        ];
      },
      ['state'],
    );
    metrics.gauge(
      'sluice_flow_worker_messages',
      'Messages in worker processes, and those that wait for a turn in one.',
      () => {
        const { held, waiting } = workers.statistics;
        return [
          [{ state: 'held' }, held],
          [{ state: 'waiting' }, waiting],
        ];
      },
      ['state'],
    );
    metrics.counted(
      'sluice_flow_worker_ends_total',
      'Worker processes that ended: for the budget that a message exceeded, or otherwise.',
      () =>
        (Object.entries(workers.statistics.ends) as [WorkerEndReason, number][]).map(([reason, count]) => [
          { reason },
          count,
        ]),
      ['reason'],
    );
  }

  onApplicationBootstrap(): Promise<void> {
    return this.workers.start();
  }

  onApplicationShutdown(): void {
    this.workers.stop();
  }
}
