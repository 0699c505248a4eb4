import {
  callout,
  consumerBounds,
  subscriberAccount,
  subscriberConsumers,
  subscriberUserPrefix,
} from '@sluice/contracts';
import type { NatsConnection } from '@nats-io/transport-node';

/** An open connection of a subscriber. */
export interface SubscriberConnection {
  readonly serverId: string;
  readonly connectionId: number;
  readonly subscriberId: string;
}

export interface OpenConnections {
  readonly connections: readonly SubscriberConnection[];
  /** Whether every server of the cluster has told its own. */
  readonly complete: boolean;
}

interface ServerReply {
  readonly server: { readonly id: string };
  readonly data?: { readonly connections?: readonly { readonly cid: number; readonly authorized_user?: string }[] };
  readonly statsz?: { readonly active_servers?: number };
}

/** A consumer's settings as the server tells them; durations in nanoseconds. */
interface ConsumerSettings {
  readonly ack_policy?: string;
  readonly ack_wait?: number;
  readonly backoff?: readonly number[];
  readonly max_ack_pending?: number;
  readonly max_waiting?: number;
}

interface ConsumerList {
  readonly error?: { readonly err_code: number; readonly description: string };
  readonly total?: number;
  readonly consumers?: readonly { readonly name: string; readonly config: ConsumerSettings }[] | null;
}

/** The server leaves out what is not set, and sets what has a default. */
function isOutOfBounds(settings: ConsumerSettings): boolean {
  const { minAckWaitMs, maxAckPending, maxWaiting } = consumerBounds;
  const waits = [settings.ack_wait ?? Infinity, ...(settings.backoff ?? [])];
  // -1 is without a bound.
  const exceeds = (value: number | undefined, max: number) => value !== undefined && (value < 0 || value > max);
  return (
    (settings.ack_policy !== 'none' && waits.some((wait) => wait < minAckWaitMs * 1_000_000)) ||
    exceeds(settings.max_ack_pending, maxAckPending) ||
    exceeds(settings.max_waiting, maxWaiting)
  );
}

/** More than a server takes in all. */
const maxListed = 8_192;
const consumerNotFound = 10014;
const streamNotFound = 10059;

/** What the servers of NATS are told and asked about the connections of subscribers. */
export class Servers {
  constructor(
    private readonly connection: NatsConnection,
    private readonly timeoutMs = 2_000,
  ) {}

  /** @throws Error when no server answers */
  async openConnections(): Promise<OpenConnections> {
    const statistics = await this.connection.request(callout.statistics, '', { timeout: this.timeoutMs });
    const servers = statistics.json<ServerReply>().statsz?.active_servers ?? 1;
    const question = JSON.stringify({ auth: true, acc: subscriberAccount, limit: maxListed });
    const replies = new Map<string, SubscriberConnection[]>();
    for await (const message of await this.connection.requestMany(callout.connections, question, {
      strategy: 'count',
      maxMessages: servers,
      maxWait: this.timeoutMs,
    })) {
      const { server, data } = message.json<ServerReply>();
      replies.set(
        server.id,
        (data?.connections ?? [])
          .filter(({ authorized_user: user }) => user?.startsWith(subscriberUserPrefix))
          .map(({ cid, authorized_user: user = '' }) => ({
            serverId: server.id,
            connectionId: cid,
            subscriberId: user.slice(subscriberUserPrefix.length),
          })),
      );
    }
    return { connections: [...replies.values()].flat(), complete: replies.size >= servers };
  }

  /** Ends a connection; one that has ended already is as good. @throws Error when its server does not answer */
  async end({ serverId, connectionId }: SubscriberConnection): Promise<void> {
    await this.connection.request(callout.kick(serverId), JSON.stringify({ cid: connectionId }), {
      timeout: this.timeoutMs,
    });
  }

  /** Deletes what consumers this name has had: their place in the stream is nobody's now. @throws Error when one may be left */
  async deleteConsumers(name: string): Promise<void> {
    await Promise.all(subscriberConsumers(name).map((consumer) => this.#delete(consumer)));
  }

  /**
   * Deletes each consumer of the event stream whose settings are out of bounds, which NATS itself has no limit for.
   * @returns their names @throws Error when one may be left
   */
  async deleteConsumersOutOfBounds(): Promise<string[]> {
    const found: string[] = [];
    for (let offset = 0; ;) {
      const answer = await this.connection.request(callout.listConsumers, JSON.stringify({ offset }), {
        timeout: this.timeoutMs,
      });
      const { error, total = 0, consumers } = answer.json<ConsumerList>();
      if (error?.err_code === streamNotFound) return found;
      if (error) throw new Error(`The consumers could not be listed: ${error.description}.`);
      found.push(...(consumers ?? []).filter(({ config }) => isOutOfBounds(config)).map(({ name }) => name));
      offset += consumers?.length ?? 0;
      if (!consumers?.length || offset >= total) break;
    }
    await Promise.all(found.map((consumer) => this.#delete(consumer)));
    return found;
  }

  async #delete(consumer: string): Promise<void> {
    const answer = await this.connection.request(callout.deleteConsumer(consumer), '', { timeout: this.timeoutMs });
    const { error } = answer.json<{ error?: { err_code: number; description: string } }>();
    if (error && error.err_code !== consumerNotFound && error.err_code !== streamNotFound)
      throw new Error(`The consumer ${consumer} could not be deleted: ${error.description}.`);
  }
}
