import { CONFIG, MONOTONIC_CLOCK, ON_FAULT, Shell } from '@sluice/service-shell';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config.js';
import { EndStuckProcess } from './end-stuck-process.js';
import { WatchEventLoop, type StallCause } from './watch-event-loop.js';

const byCause = (values: Readonly<Record<StallCause, number>>) =>
  Object.entries(values).map(([cause, value]) => [{ cause }, value] as const);

/** Watches the thread that admits requests. */
@Module({
  providers: [
    {
      provide: WatchEventLoop,
      inject: [Shell, MONOTONIC_CLOCK],
      useFactory: ({ log, metrics }: Shell, monotonicNow: () => number) => {
        const work = metrics.histogram(
          'sluice_event_loop_work_milliseconds',
          'How long the thread worked while it was to look at what came, looked at every 20 ms.',
          { buckets: [5, 10, 25, 50, 100, 250, 1_000] },
        );
        const watch = new WatchEventLoop(
          (stall) => log.warn(stall, 'the event loop stood still, and with it every sender'),
          (workMs) => work.observe(workMs),
          monotonicNow,
        );
        metrics.counted(
          'sluice_event_loop_stalls_total',
          'Times the event loop stood still for 100 ms and more: its thread worked, or waited for the machine.',
          () => byCause(watch.stalls),
          ['cause'],
        );
        metrics.gauge(
          'sluice_event_loop_longest_stall_milliseconds',
          'The longest of them.',
          () => byCause(watch.maxMs),
          ['cause'],
        );
        return watch;
      },
    },
  ],
  exports: [WatchEventLoop],
})
export class EventLoopModule implements OnApplicationBootstrap, OnApplicationShutdown {
  #end: EndStuckProcess | undefined;

  constructor(
    private readonly watch: WatchEventLoop,
    @Inject(CONFIG) private readonly config: Pick<Config, 'EVENT_LOOP_LIMIT_MS'>,
    @Inject(ON_FAULT) private readonly onFault: Shell['onFault'],
  ) {}

  onApplicationBootstrap(): void {
    this.watch.start();
    this.#end = new EndStuckProcess(this.config.EVENT_LOOP_LIMIT_MS, this.onFault);
  }

  async onApplicationShutdown(): Promise<void> {
    this.watch.stop();
    await this.#end?.stop();
  }
}
