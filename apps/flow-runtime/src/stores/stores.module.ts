import { CLOCK, ON_FAULT, type Shell } from '@sluice/service-shell';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SweepExpired } from './sweep-expired.js';

/** Data stores, variables and persisted messages of flows: each flow gets its own port of them; this ends what has expired. */
@Module({
  providers: [
    {
      provide: SweepExpired,
      inject: [DataSource, CLOCK, ON_FAULT],
      useFactory: (dataSource: DataSource, now: () => number, onFault: Shell['onFault']) =>
        new SweepExpired(dataSource, now, onFault),
    },
  ],
})
export class StoresModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly sweep: SweepExpired) {}

  onApplicationBootstrap(): void {
    this.sweep.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.sweep.stop();
  }
}
