import { stateKey, tokenAudiences, verifyAccess, verifyCertificate } from '@sluice/contracts';
import { StateBucket, StateFollower } from '@sluice/messaging';
import { CLOCK, CONFIG, ON_FAULT, RepeatedWork, Shell } from '@sluice/service-shell';
import {
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { AdminSessions } from '../admin-sessions/admin-sessions.js';
import { AdminSessionsController } from '../admin-sessions/admin-sessions.controller.js';
import { AdminTokensController } from './admin-tokens.controller.js';
import { AnnounceExpiringTokens } from './announce-expiring-tokens.js';
import { AuthenticateAdministrator } from './authenticate-administrator.js';
import { AuthenticateServiceKey } from './authenticate-service-key.js';
import { CreateAdminToken } from './create-admin-token.js';
import { enterInitialToken } from './enter-initial-token.js';
import { enterInstallationTokens } from './enter-installation-tokens.js';
import { PeopleModule } from '../people/people.module.js';
import { RevokeAdminToken } from './revoke-admin-token.js';

const maxWaitMs = 300;
const announcedEveryMs = 10 * 60_000;

@Module({
  imports: [PeopleModule],
  controllers: [AdminTokensController, AdminSessionsController],
  providers: [
    AdminSessions,
    AuthenticateAdministrator,
    {
      provide: AuthenticateServiceKey,
      inject: [Shell, StateBucket, StateFollower],
      useFactory: ({ requests }: Shell, bucket: StateBucket, follower: StateFollower) =>
        new AuthenticateServiceKey({
          end: async () => {
            const state = await bucket.state();
            return state && !state.sealed ? { epoch: state.epoch, sequence: state.lastSequence } : undefined;
          },
          reach: async (minimum) => (await follower.reach(minimum, maxWaitMs)) && follower.ready,
          instance: (id) => follower.fetch<'instance'>(stateKey.instance(id)),
          credential: (key) => follower.fetch<'credential'>(key),
          verifyToken: (token, certificate, minimum) =>
            requests.call(verifyAccess, {
              shown: { kind: 'token', token, audience: tokenAudiences.adminApi },
              ...(certificate ? { certificate } : {}),
              minimum,
            }),
          verifyCertificate: (certificate, minimum) =>
            requests.call(verifyCertificate, { ...certificate, lookUp: 'service-key', minimum }),
        }),
    },
    CreateAdminToken,
    RevokeAdminToken,
    AnnounceExpiringTokens,
    {
      provide: RepeatedWork,
      inject: [AnnounceExpiringTokens, CLOCK, ON_FAULT],
      useFactory: (
        announce: AnnounceExpiringTokens,
        now: () => number,
        onFault: (error: unknown, what: string) => void,
      ) =>
        new RepeatedWork({
          work: () => announce.execute(now()),
          what: 'announcing expiring admin tokens',
          everyMs: announcedEveryMs,
          onFault,
        }),
    },
  ],
})
export class AdminTokensModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'INITIAL_ADMIN_TOKEN_HASH_FILE' | 'INSTALLATION_TOKENS_FILE'>,
    @Inject(CLOCK) private readonly now: () => number,
    private readonly announcing: RepeatedWork,
  ) {}

  /** The first time is after the interval: by then what was committed can be published. */
  onApplicationBootstrap(): void {
    this.announcing.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.announcing.stop();
  }

  async onModuleInit(): Promise<void> {
    const { INITIAL_ADMIN_TOKEN_HASH_FILE: initial, INSTALLATION_TOKENS_FILE: parts } = this.config;
    if (initial) await enterInitialToken(this.dataSource, initial, this.now());
    if (parts) await enterInstallationTokens(this.dataSource, parts, this.now());
  }
}
