import { parseDatabaseUrl } from '@sluice/persistence';
import { CONFIG, ON_FAULT } from '@sluice/service-shell';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config.js';
import { ServerCertificates, type Server } from './server-certificates.js';
import { shownChain } from './shown-chain.js';

const everyMs = 5 * 60_000;
const natsPort = 4222;

/** Looks at what the servers show that this service is connected to: the bus and the database, each of their hosts. */
@Injectable()
export class LookAtServers implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'NATS_URL' | 'DATABASE_URL'>,
    private readonly certificates: ServerCertificates,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  onApplicationBootstrap(): void {
    void this.look();
    this.#timer = setInterval(() => void this.look(), everyMs);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  look(): Promise<void> {
    return (this.#looking = this.#looking.then(() => this.#look()));
  }

  async #look(): Promise<void> {
    const { NATS_URL, DATABASE_URL } = this.config;
    const bus = NATS_URL.split(',').map((url) => {
      const { hostname, port } = new URL(url.replace(/^\w+:/, 'http:'));
      return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || natsPort) };
    });
    await this.#note('bus', 'nats', bus);
    await this.#note('database', 'postgres', parseDatabaseUrl(DATABASE_URL).hosts);
  }

  /** One that cannot be reached hides no other. */
  async #note(
    server: Server,
    protocol: 'nats' | 'postgres',
    hosts: readonly { readonly host: string; readonly port: number }[],
  ): Promise<void> {
    const looked = await Promise.allSettled(hosts.map((host) => shownChain(protocol, host)));
    const chains = looked.flatMap((one) => (one.status === 'fulfilled' && one.value.length > 0 ? [one.value] : []));
    try {
      for (const one of looked)
        if (one.status === 'rejected') this.onFault(one.reason, `looking at what the ${server} shows`);
      if (chains.length > 0) await this.certificates.seen(server, chains);
    } catch (error) {
      this.onFault(error, `noting what the ${server} shows`);
    }
  }
}
