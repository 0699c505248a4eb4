import { CONFIG, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { CreateSubscriber } from './create-subscriber.js';
import { openSubscribers } from './open-subscribers.js';
import { RevokeSubscriber } from './revoke-subscriber.js';
import { Subscribers } from './subscribers.js';
import { SubscribersController } from './subscribers.controller.js';

@Module({
  controllers: [SubscribersController],
  providers: [
    {
      provide: Subscribers,
      inject: [Shell, CONFIG, DataSource],
      useFactory: (shell: Shell, config: Config, dataSource: DataSource) => openSubscribers(shell, config, dataSource),
    },
    CreateSubscriber,
    RevokeSubscriber,
  ],
})
export class SubscribersModule {}
