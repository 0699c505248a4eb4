import { SecretSealer } from '@sluice/persistence';
import { Global, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { IdempotentAnswers } from '../idempotency/idempotent-answers.js';
import { KeptAnswers } from '../idempotency/kept-answers.js';
import { PublishedChanges } from '../publish-changes.js';
import { RepeatedWork } from '../repeated-work.js';
import { Shell } from '../shell.js';
import { CLOCK, CONFIG, ON_FAULT } from './tokens.js';

/** The setting of a service that keeps answers. */
export const idempotentAnswersEnvironment = z.object({
  IDEMPOTENT_ANSWERS: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'Whether the answer of a call with an `Idempotency-Key` is kept for ten minutes, for who repeats it; `off`: the header is refused.',
    ),
});
type Settings = z.output<typeof idempotentAnswersEnvironment>;

export interface IdempotentAnswersModuleOptions {
  /** A module that exports a `SecretSealer`: of a service whose answers have secrets. */
  readonly sealedBy?: DynamicModule['module'];
}

/** How often is looked for answers that are kept no longer; they are not given any more before that. */
const sweepIntervalMs = 5_000;

/** Gives a repeated call the first answer. Needs `PublishedChangesModule`; provides `IdempotentAnswers`. */
@Global()
@Module({})
export class IdempotentAnswersModule implements OnModuleInit {
  constructor(
    private readonly shell: Shell,
    private readonly kept: KeptAnswers,
  ) {}

  static forRoot({ sealedBy }: IdempotentAnswersModuleOptions = {}): DynamicModule {
    return {
      module: IdempotentAnswersModule,
      imports: sealedBy ? [sealedBy] : [],
      providers: [
        {
          provide: KeptAnswers,
          inject: [DataSource, CLOCK, ON_FAULT, ...(sealedBy ? [SecretSealer] : [])],
          useFactory: (dataSource: DataSource, now: () => number, onFault: Shell['onFault'], sealer?: SecretSealer) =>
            new KeptAnswers(dataSource, now, onFault, sealer),
        },
        {
          provide: IdempotentAnswers,
          inject: [DataSource, PublishedChanges, KeptAnswers, CONFIG],
          useFactory: (dataSource: DataSource, changes: PublishedChanges, kept: KeptAnswers, config: Settings) =>
            new IdempotentAnswers(dataSource, changes, kept, config.IDEMPOTENT_ANSWERS === 'on'),
        },
      ],
      exports: [IdempotentAnswers],
    };
  }

  onModuleInit(): void {
    const { shell, kept } = this;
    const repeated = new RepeatedWork({
      work: () => kept.sweep(),
      what: 'removing answers that are kept no longer',
      everyMs: sweepIntervalMs,
      onFault: shell.onFault,
    });
    repeated.start();
    shell.onShutdown(() => repeated.stop());
  }
}
