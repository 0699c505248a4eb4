import { CLOCK, CONFIG, ON_FAULT, PublishedChanges } from '@sluice/service-shell';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config.js';
import { TokenKeysModule } from '../token-keys/token-keys.module.js';
import { TokenKeys } from '../token-keys/token-keys.js';
import { SecretUse } from '../client-secrets/secret-use.js';
import { ForgetRevokedTokens } from '../tokens/forget-revoked-tokens.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { EnterRetired } from './enter-retired.js';
import { NotifyExpiring } from './notify-expiring.js';
import { NotifyExpiringSecrets } from './notify-expiring-secrets.js';
import { RetireUnused } from './retire-unused.js';
import { Sweep } from './sweep.js';

@Module({
  imports: [TokenKeysModule, TokensModule],
  providers: [
    {
      provide: NotifyExpiring,
      inject: [PublishedChanges, CONFIG],
      useFactory: (changes: PublishedChanges, config: Pick<Config, 'EXPIRING_DAYS'>) =>
        new NotifyExpiring(changes, config.EXPIRING_DAYS),
    },
    {
      provide: NotifyExpiringSecrets,
      inject: [PublishedChanges, CONFIG],
      useFactory: (changes: PublishedChanges, config: Pick<Config, 'EXPIRING_DAYS'>) =>
        new NotifyExpiringSecrets(changes, config.EXPIRING_DAYS),
    },
    RetireUnused,
    EnterRetired,
    {
      provide: Sweep,
      inject: [
        NotifyExpiring,
        NotifyExpiringSecrets,
        RetireUnused,
        EnterRetired,
        TokenKeys,
        SecretUse,
        ForgetRevokedTokens,
        CONFIG,
        CLOCK,
        ON_FAULT,
      ],
      useFactory: (
        notifyExpiring: NotifyExpiring,
        notifyExpiringSecrets: NotifyExpiringSecrets,
        retireUnused: RetireUnused,
        enterRetired: EnterRetired,
        tokenKeys: TokenKeys,
        secretUse: SecretUse,
        forgetRevokedTokens: ForgetRevokedTokens,
        config: Pick<Config, 'SWEEP_INTERVAL_MS'>,
        now: () => number,
        onFault: (error: unknown, what: string) => void,
      ) =>
        new Sweep(
          {
            'announcing expiring certificates': notifyExpiring,
            'announcing expiring secrets': notifyExpiringSecrets,
            'ending unused certificates': retireUnused,
            'entering retired certificates': enterRetired,
            'replacing token keys': tokenKeys,
            'entering the use of secrets': secretUse,
            'forgetting revoked tokens that have ended': forgetRevokedTokens,
          },
          config.SWEEP_INTERVAL_MS,
          now,
          onFault,
        ),
    },
  ],
  exports: [NotifyExpiring, NotifyExpiringSecrets, RetireUnused, EnterRetired],
})
export class ExpiryModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly sweep: Sweep) {}

  onApplicationBootstrap(): void {
    this.sweep.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.sweep.stop();
  }
}
