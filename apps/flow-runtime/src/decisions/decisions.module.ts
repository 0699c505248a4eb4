import { StateFollower } from '@sluice/messaging';
import { CLOCK, CONFIG, MONOTONIC_CLOCK, ON_FAULT, Shell } from '@sluice/service-shell';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { jetStreamManagerProvider } from '../bus/jet-stream-manager.js';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { DecideCall, type Refusal } from './decide-call.js';
import { DecisionsController } from './decisions.controller.js';
import { PermitCache } from './permit-cache.js';
import { RecordDecision } from './record-decision.js';
import { RefusalCache } from './refusal-cache.js';
import { ReportUsage } from './report-usage.js';
import { SearchDecisions } from './search-decisions.js';
import { storeTallies } from './store-tallies.postgres.js';
import { TallyDecisions } from './tally-decisions.js';

/** Who may call which endpoint: the decision, what is remembered of it while it holds, and the records of it. */
@Module({
  controllers: [DecisionsController],
  providers: [
    jetStreamManagerProvider,
    {
      provide: PermitCache,
      inject: [CONFIG],
      useFactory: (config: Pick<Config, 'VERDICT_CACHE_SIZE'>) => new PermitCache(config.VERDICT_CACHE_SIZE),
    },
    {
      provide: RefusalCache,
      inject: [CONFIG, MONOTONIC_CLOCK],
      useFactory: (config: Pick<Config, 'REFUSAL_CACHE_SIZE' | 'REFUSAL_MS'>, monotonicNow: () => number) =>
        new RefusalCache<Refusal>(config.REFUSAL_CACHE_SIZE, config.REFUSAL_MS, monotonicNow),
    },
    {
      provide: DecideCall,
      inject: [Shell, StateFollower, PermitCache, RefusalCache, CONFIG, CLOCK, MONOTONIC_CLOCK],
      useFactory: (
        { requests }: Shell,
        state: StateFollower,
        permits: PermitCache,
        refusals: RefusalCache<Refusal>,
        config: Pick<Config, 'LEASE_MS' | 'WRITERS_ABSENT_MS' | 'MAXIMUM_QUESTIONS'>,
        now: () => number,
        monotonicNow: () => number,
      ) =>
        new DecideCall({
          state,
          permits,
          refusals,
          requests,
          leaseMs: config.LEASE_MS,
          writersAbsentMs: config.WRITERS_ABSENT_MS,
          maximumQuestions: config.MAXIMUM_QUESTIONS,
          now,
          monotonicNow,
        }),
    },
    {
      provide: ReportUsage,
      inject: [Shell, CLOCK, CONFIG],
      useFactory: ({ requests, onFault }: Shell, now: () => number, config: Pick<Config, 'USAGE_REPORT_MS'>) =>
        new ReportUsage(requests, now, config.USAGE_REPORT_MS, onFault),
    },
    {
      provide: TallyDecisions,
      inject: [DataSource, ON_FAULT],
      useFactory: (dataSource: DataSource, onFault: Shell['onFault']) =>
        new TallyDecisions((tallies) => storeTallies(dataSource, tallies), onFault),
    },
    {
      provide: RecordDecision,
      inject: [Shell, TallyDecisions, CONFIG, CLOCK],
      useFactory: (
        { connection, onFault }: Shell,
        tallies: TallyDecisions,
        config: Pick<Config, 'DECISION_SAMPLE'>,
        now: () => number,
      ) => new RecordDecision(connection, tallies, config.DECISION_SAMPLE, now, onFault),
    },
    SearchDecisions,
  ],
  exports: [DecideCall, PermitCache, RecordDecision, RefusalCache, ReportUsage, TallyDecisions],
})
export class DecisionsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    decideCall: DecideCall,
    follower: StateFollower,
    private readonly usage: ReportUsage,
    private readonly tallies: TallyDecisions,
  ) {
    follower.onChange(({ key, sequence }) => decideCall.changed(key, sequence));
    follower.onEpoch(() => decideCall.clear());
  }

  onApplicationBootstrap(): void {
    this.usage.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tallies.stop();
    await this.usage.stop();
  }
}
