import { callout } from '@sluice/contracts';
import { connectBus } from '@sluice/messaging';
import type { Shell } from '@sluice/service-shell';
import { readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { signingKeyOf, type SigningKey } from './nkey.js';
import type { Config } from '../config.js';
import { serveSubscribers } from './serve-subscribers.js';
import { Subscribers } from './subscribers.js';

/**
 * Answers who may subscribe, over a connection of its own: its user is in an account that reaches the servers of NATS, and no
 * service. Nothing waits for it: decisions are taken without it, and a server that does not know that user yet is tried again.
 */
export function openSubscribers(shell: Shell, config: Config, dataSource: DataSource): Subscribers {
  const now = () => Date.now();
  const subscribers = new Subscribers(dataSource, now);
  const issuer = issuerFrom(config.SUBSCRIBER_ISSUER_FILE);
  shell.metrics.gauge('sluice_subscribers_answered', '1 while servers of NATS are answered who may subscribe.', () =>
    subscribers.reached ? 1 : 0,
  );
  const open = async () => {
    const connection = await connectBus({
      service: shell.service,
      url: config.NATS_URL,
      seedFile: config.CALLOUT_SEED_FILE,
      caFile: config.NATS_CA_FILE,
      name: `${shell.processName} for subscribers`,
      inboxPrefix: callout.inboxPrefix,
      waitUntilKnown: true,
    });
    const { metrics, onFault } = shell;
    const stop = serveSubscribers({ connection, subscribers, issuer, metrics, onFault, now });
    shell.onShutdown(async () => {
      stop();
      await connection.drain();
    });
    shell.log.info('answering who may subscribe');
  };
  void open().catch((error: unknown) => shell.onFault(error, 'getting ready to answer who may subscribe'));
  return subscribers;
}

/** @throws Error with a sentence that names the setting */
function issuerFrom(file: string): SigningKey {
  try {
    return signingKeyOf('A', readFileSync(file, 'utf8').trim());
  } catch (error) {
    throw new Error(`SUBSCRIBER_ISSUER_FILE cannot be used: ${error instanceof Error ? error.message : file}.`, {
      cause: error,
    });
  }
}
