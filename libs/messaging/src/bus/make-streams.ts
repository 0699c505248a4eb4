import {
  decisionStream,
  defaultBusStoreMb,
  decisionSubjectPrefix,
  messageProcessingLogConsumer,
  messageProcessingLogStream,
  messageProcessingLogSubject,
  streamSizes,
  type StreamSizes,
} from '@sluice/contracts';
import { AckPolicy, DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { keepConsumer, keepStream } from './keep-stream.js';

/**
 * The streams the flow runtime writes to. It may not make them itself: whoever may create or update a stream or a consumer
 * can have messages stored from, or delivered to, any subject, past its own permissions.
 */
export async function makeRuntimeStreams(
  connection: NatsConnection,
  decisionRetentionMs: number,
  sizes: StreamSizes = streamSizes(defaultBusStoreMb),
  replicas = 1,
): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  await keepStream(manager, {
    name: decisionStream,
    subjects: [`${decisionSubjectPrefix}*`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_age: nanos(decisionRetentionMs),
    // However many calls are denied, their records take no more than this, and the oldest make room.
    max_bytes: sizes.decisions,
    num_replicas: replicas,
  });
  await keepStream(manager, {
    name: messageProcessingLogStream,
    subjects: [messageProcessingLogSubject],
    // A batch is removed once it is in Postgres; while that is away it waits here.
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    // What was answered is never dropped for what comes later: a full stream refuses (ADR 34).
    discard: DiscardPolicy.New,
    max_bytes: sizes.messageProcessingLog,
    num_replicas: replicas,
  });
  await keepConsumer(manager, messageProcessingLogStream, {
    durable_name: messageProcessingLogConsumer,
    ack_policy: AckPolicy.Explicit,
    // What a runtime that died had taken to store is somebody else's after this; a batch that comes twice is stored once.
    ack_wait: nanos(10_000),
    max_ack_pending: 4_096,
  });
}
