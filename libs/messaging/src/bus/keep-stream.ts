import { JetStreamApiError, type ConsumerConfig, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';

/** JetStream API error codes: there is one of that name with another configuration. */
const streamDiffers = 10058;
const consumerDiffers = [10013, 10148];

/** Makes a stream, or brings the one of an earlier version to this configuration. */
export async function keepStream(
  manager: JetStreamManager,
  config: Partial<StreamConfig> & { name: string },
): Promise<void> {
  try {
    await manager.streams.add(config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === streamDiffers)) throw error;
    await manager.streams.update(config.name, config);
  }
}

/** Makes a durable consumer, or brings the one of an earlier version to this configuration. */
export async function keepConsumer(
  manager: JetStreamManager,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  try {
    await manager.consumers.add(stream, config);
  } catch (error) {
    if (!(error instanceof JetStreamApiError && consumerDiffers.includes(error.code))) throw error;
    await manager.consumers.update(stream, config.durable_name, config);
  }
}
