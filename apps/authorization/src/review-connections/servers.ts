import { callout, subscriberAccount, subscriberConsumers, subscriberUserPrefix } from '@sluice/contracts';
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
    await Promise.all(
      subscriberConsumers(name).map(async (consumer) => {
        const answer = await this.connection.request(callout.deleteConsumer(consumer), '', { timeout: this.timeoutMs });
        const { error } = answer.json<{ error?: { err_code: number; description: string } }>();
        if (error && error.err_code !== consumerNotFound && error.err_code !== streamNotFound)
          throw new Error(`The consumer ${consumer} could not be deleted: ${error.description}.`);
      }),
    );
  }
}
