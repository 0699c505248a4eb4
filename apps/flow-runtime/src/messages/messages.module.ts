import { CLOCK, CONFIG, Readiness, Shell } from '@sluice/service-shell';
import type { JetStreamManager } from '@nats-io/jetstream';
import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { JET_STREAM_MANAGER, jetStreamManagerProvider } from '../bus/jet-stream-manager.js';
import type { Config } from '../config.js';
import { CountMessages } from './count-messages.js';
import { LogRoom } from './log-room.js';
import { MessagesController } from './messages.controller.js';
import { PublishLines } from './publish-lines.nats.js';
import { ReadMessages } from './read-messages.js';
import { RecordMessage } from './record-message.js';
import { RunMessage } from './run-message.js';
import { RUNTIME_ID } from './runtime-id.js';
import { FlowWorkers } from '../workers/flow-workers.js';
import { WorkersModule } from '../workers/workers.module.js';
import { WatchLogStream } from './watch-log-stream.js';

/** Runs messages through flows and keeps the message processing log of them. */
@Module({
  imports: [WorkersModule],
  controllers: [MessagesController],
  providers: [
    jetStreamManagerProvider,
    LogRoom,
    { provide: RUNTIME_ID, useFactory: () => randomUUID() },
    {
      provide: RecordMessage,
      inject: [Shell, RUNTIME_ID, CLOCK, LogRoom],
      useFactory: ({ connection, onFault }: Shell, runtimeId: string, now: () => number, room: LogRoom) =>
        new RecordMessage(new PublishLines(connection).publish, runtimeId, now, onFault, room),
    },
    {
      provide: RunMessage,
      inject: [RecordMessage, FlowWorkers, CONFIG],
      useFactory: (messages: RecordMessage, workers: FlowWorkers, config: Pick<Config, 'MESSAGE_TIME_LIMIT_MS'>) =>
        new RunMessage(messages, workers, config.MESSAGE_TIME_LIMIT_MS),
    },
    {
      provide: WatchLogStream,
      inject: [Shell, JET_STREAM_MANAGER, LogRoom, RecordMessage],
      useFactory: ({ log }: Shell, manager: JetStreamManager, room: LogRoom, messages: RecordMessage) =>
        new WatchLogStream({
          manager,
          room,
          trial: (bytes) => messages.trial(bytes),
          onAlarm: (on) => {
            const { bytes, maxBytes, oldestSeconds } = room.fill;
            const fields = { bytes, maxBytes, oldestSeconds };
            if (on) log.warn(fields, 'the message processing log waits for Postgres in more than half of its room');
            else log.info(fields, 'the message processing log has room again');
          },
        }),
    },
    ReadMessages,
    CountMessages,
  ],
  exports: [CountMessages, LogRoom, RecordMessage, RunMessage, RUNTIME_ID],
})
export class MessagesModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly watch: WatchLogStream,
    readiness: Readiness,
    room: LogRoom,
  ) {
    readiness.require(() => room.problems);
  }

  onApplicationBootstrap(): Promise<void> {
    return this.watch.start();
  }

  onApplicationShutdown(): void {
    this.watch.stop();
  }
}
