import { CLOCK, CONFIG } from '@sluice/service-shell';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { AdminTokensController } from './admin-tokens.controller.js';
import { AuthenticateAdministrator } from './authenticate-administrator.js';
import { CreateAdminToken } from './create-admin-token.js';
import { enterInitialToken } from './enter-initial-token.js';
import { RevokeAdminToken } from './revoke-admin-token.js';

@Module({
  controllers: [AdminTokensController],
  providers: [AuthenticateAdministrator, CreateAdminToken, RevokeAdminToken],
})
export class AdminTokensModule implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'INITIAL_ADMIN_TOKEN_HASH_FILE'>,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  async onModuleInit(): Promise<void> {
    const { INITIAL_ADMIN_TOKEN_HASH_FILE: file } = this.config;
    if (file) await enterInitialToken(this.dataSource, file, this.now());
  }
}
