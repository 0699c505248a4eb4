import type { Destinations } from '@sluice/service-shell';
import { Agent } from 'undici';

/** Who calls: `none`, or a credential in one of its versions. */
export interface Identity {
  /** Undefined for calls that prove nothing. */
  readonly alias?: string;
  /** Tells apart what must never share a connection. */
  readonly key: string;
  /** PEM, for a client certificate. */
  readonly certificateChain?: string;
  readonly privateKey?: string;
}

export const anonymous: Identity = { key: 'none' };

export interface ConnectionPoolsOptions {
  readonly destinations: Destinations;
  /** PEM; undefined: the roots Node ships. */
  readonly trustedRoots?: string;
  readonly connectTimeoutMs?: number;
  /** Connections to one origin for one identity. */
  readonly maximumConnections?: number;
}

/**
 * Connections to receivers, one pool for each identity: a connection, and a TLS session, that was made as one identity is
 * never used for another. When a credential changes, what was made with it ends after the calls under way.
 */
export class ConnectionPools {
  readonly #pools = new Map<string, { readonly alias: string | undefined; readonly agent: Agent }>();

  constructor(private readonly options: ConnectionPoolsOptions) {}

  of(identity: Identity): Agent {
    const known = this.#pools.get(identity.key);
    if (known) return known.agent;
    const { destinations, trustedRoots, connectTimeoutMs = 10_000, maximumConnections = 100 } = this.options;
    const agent = new Agent({
      connections: maximumConnections,
      pipelining: 1,
      // The receivers' own limits are mostly 5 seconds or more; a connection that ends as it is used fails a call.
      keepAliveTimeout: 4_000,
      maxHeaderSize: 64 * 1024,
      allowH2: false,
      connect: destinations.connector({
        timeout: connectTimeoutMs,
        rejectUnauthorized: true,
        ...(trustedRoots === undefined ? {} : { ca: trustedRoots }),
        ...(identity.privateKey === undefined ? {} : { cert: identity.certificateChain, key: identity.privateKey }),
      }),
    });
    this.#pools.set(identity.key, { alias: identity.alias, agent });
    return agent;
  }

  /** Ends what was made with a credential. */
  drop(alias: string): void {
    for (const [key, pool] of this.#pools) {
      if (pool.alias !== alias) continue;
      this.#pools.delete(key);
      // It ends when its calls have; a connection of it that broke meanwhile has ended too.
      pool.agent.close().catch(() => undefined);
    }
  }

  /** How many identities have connections. */
  get size(): number {
    return this.#pools.size;
  }

  async close(): Promise<void> {
    const agents = [...this.#pools.values()].map(({ agent }) => agent);
    this.#pools.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }
}
