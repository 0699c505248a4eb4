import { readFileSync } from 'node:fs';
import type { ListenerLimits } from './apply-limits.js';
import { FollowedFiles } from './followed-files.js';
import { closeGracefully, listen } from './open-and-close.js';
import { ProxyListener } from './proxy-listener.js';
import { PublicListener, type RequestHandler } from './public-listener.js';
import { readServerIdentity, type ServerIdentity, type ServerIdentityFiles } from './server-identity.js';
import { sessionLifetimeS } from './tls-settings.js';

export interface ListenersConfig {
  readonly host: string;
  readonly port: number;
  /** One for each virtual host; the first is shown to who names none. */
  readonly identityFiles: readonly ServerIdentityFiles[];
  readonly limits: ListenerLimits;
  readonly proxy?: { readonly host: string; readonly port: number; readonly caFile: string };
}

/** How often files are looked at again, in milliseconds. */
const fileCheckMs = 2_000;

/** The listeners of a runtime with what must happen to them by the clock: new server certificates, new ticket keys. */
export class Listeners {
  readonly #identities: FollowedFiles<readonly ServerIdentity[]>;
  readonly #public: PublicListener;
  readonly #proxy: ProxyListener | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  /** @throws Error with a sentence when a file cannot be used: there is no weaker default to start with */
  constructor(
    private readonly config: ListenersConfig,
    handler: RequestHandler,
    now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {
    this.#identities = new FollowedFiles(
      () => config.identityFiles.map((files) => readServerIdentity(files, now())),
      'server certificate',
      onFault,
    );
    this.#public = new PublicListener(this.#identities.value, handler, config.limits);
    this.#proxy =
      config.proxy && this.#identities.value[0]
        ? new ProxyListener(
            this.#identities.value[0],
            readFileSync(config.proxy.caFile, 'utf8'),
            handler,
            // All its connections come from few addresses.
            { ...config.limits, maxConnectionsPerAddress: config.limits.maxConnections },
          )
        : undefined;
  }

  /** @see PublicListener.nameRoots */
  nameRoots(roots: readonly string[]): void {
    this.#public.nameRoots(roots);
  }

  async open(): Promise<void> {
    const { config } = this;
    this.#timers.push(
      setInterval(() => this.#public.renewTicketKeys(), sessionLifetimeS * 1_000),
      setInterval(() => this.#checkFiles(), fileCheckMs),
    );
    await listen(this.#public.server, config.port, config.host);
    if (this.#proxy && config.proxy) await listen(this.#proxy.server, config.proxy.port, config.proxy.host);
  }

  async close(drainMs: number): Promise<void> {
    const servers = [this.#public.server, ...(this.#proxy ? [this.#proxy.server] : [])];
    await Promise.all(servers.map((server) => closeGracefully(server, drainMs)));
    this.#timers.forEach((timer) => clearInterval(timer));
  }

  #checkFiles(): void {
    if (!this.#identities.check()) return;
    const identities = this.#identities.value;
    try {
      this.#public.showIdentities(identities);
      if (identities[0]) this.#proxy?.showIdentity(identities[0]);
    } catch (error) {
      this.onFault(error, 'showing the new server certificate');
    }
  }
}
