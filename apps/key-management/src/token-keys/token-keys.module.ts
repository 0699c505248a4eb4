import { StateFollower } from '@sluice/messaging';
import { CLOCK, CONFIG, PublishedChanges } from '@sluice/service-shell';
import { Module, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { IssuingCasModule } from '../issuing-cas/issuing-cas.module.js';
import { issuingTime } from '../issuing-cas/issuing-time.js';
import { KeySealer } from '../issuing-cas/key-sealer.js';
import { TokenKeysController } from './token-keys.controller.js';
import { TokenKeys } from './token-keys.js';

const day = 86_400_000;

@Module({
  imports: [IssuingCasModule],
  controllers: [TokenKeysController],
  providers: [
    {
      provide: TokenKeys,
      inject: [DataSource, KeySealer, PublishedChanges, StateFollower, CLOCK, CONFIG],
      useFactory: (
        dataSource: DataSource,
        sealer: KeySealer,
        changes: PublishedChanges,
        follower: StateFollower,
        now: () => number,
        config: Pick<Config, 'FLOW_URL' | 'TOKEN_KEY_DAYS'>,
      ) =>
        new TokenKeys(dataSource, sealer, changes, issuingTime(follower, now), {
          issuer: config.FLOW_URL,
          lifeMs: config.TOKEN_KEY_DAYS * day,
        }),
    },
  ],
  exports: [TokenKeys],
})
export class TokenKeysModule implements OnModuleInit {
  constructor(private readonly tokenKeys: TokenKeys) {}

  onModuleInit(): Promise<void> {
    return this.tokenKeys.ensure();
  }
}
