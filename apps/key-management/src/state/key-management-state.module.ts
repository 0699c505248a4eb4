import { StateBucket, StatePublisher } from '@sluice/messaging';
import { PublishedChanges, Shell } from '@sluice/service-shell';
import { Module } from '@nestjs/common';
import { ServiceKeysModule } from '../service-keys/service-keys.module.js';
import { RebuildState } from './rebuild-state.js';
import { ResignRecords } from './resign-records.js';
import { StateController } from './state.controller.js';
import { Streams } from './streams.js';

/** What key-management alone does for the state stream: make it, make it anew, sign its records anew. */
@Module({
  imports: [ServiceKeysModule],
  controllers: [StateController],
  providers: [
    {
      provide: StatePublisher,
      inject: [Shell, StateBucket],
      useFactory: (shell: Shell, bucket: StateBucket) => new StatePublisher(shell.connection, bucket),
    },
    RebuildState,
    ResignRecords,
  ],
})
export class KeyManagementStateModule {
  constructor(changes: PublishedChanges, streams: Streams, rebuildState: RebuildState) {
    changes.useStreamMaker({
      makeStreams: () => streams.make(),
      remake: (epoch) => rebuildState.replace(epoch),
    });
  }
}
