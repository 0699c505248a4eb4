import {
  FollowedFiles,
  type ListenerLimits,
  readServerIdentity,
  SentChains,
  type ServerIdentity,
  type ServerIdentityFiles,
  sessionLifetimeS,
} from '@sluice/service-shell';
import type { UnreadableRequest } from './note-unreadable.js';
import { onUnreadable } from './unreadable-request.js';
import { closeGracefully, listen } from './open-and-close.js';
import { readProxies, type Proxies, type ProxyFiles } from '../client-certificates/proxies.js';
import { ProxyListener } from './proxy-listener.js';
import { PublicListener, type RequestHandler } from './public-listener.js';

export interface ListenersConfig {
  readonly host: string;
  readonly port: number;
  /** One for each virtual host; the first is shown to who names none. */
  readonly identityFiles: readonly ServerIdentityFiles[];
  readonly limits: ListenerLimits;
  readonly proxy?: { readonly host: string; readonly port: number; readonly files: ProxyFiles };
}

export interface ListenerObserver {
  handshake(resumed: boolean): void;
  handshakeFailed(): void;
  unreadable(request: UnreadableRequest): void;
}

/** How often files are looked at again, in milliseconds. */
const fileCheckMs = 2_000;
const readinessPollMs = 20;
const notOpenToProxies = ['the listener for proxies is not open yet'];

/** The listeners of a runtime with what must happen to them by the clock: new server certificates, new ticket keys. */
export class Listeners {
  readonly #identities: FollowedFiles<readonly ServerIdentity[]>;
  readonly #public: PublicListener;
  readonly #proxies: FollowedFiles<Proxies> | undefined;
  readonly #proxy: ProxyListener | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #closed = false;
  #openToProxies = false;

  /** @throws Error with a sentence when a file cannot be used: there is no weaker default to start with */
  constructor(
    private readonly config: ListenersConfig,
    handler: RequestHandler,
    now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {
    this.#identities = new FollowedFiles<readonly ServerIdentity[]>(
      () => config.identityFiles.map((files) => readServerIdentity(files, now())),
      'server certificate',
      onFault,
    );
    this.#public = new PublicListener(
      this.#identities.value,
      handler,
      config.limits,
      new SentChains(() => performance.now()),
    );
    const { proxy } = config;
    const [identity] = this.#identities.value;
    if (!proxy || !identity) return;
    this.#proxies = new FollowedFiles(
      () => readProxies(proxy.files),
      'proxies',
      onFault,
      (one, other) => one.source === other.source,
    );
    // All its connections come from few addresses.
    const limits = { ...config.limits, maxConnectionsPerAddress: config.limits.maxConnections };
    this.#proxy = new ProxyListener(identity, this.#proxies.value, handler, limits, onFault);
  }

  /** @see PublicListener.nameRoots */
  nameRoots(roots: readonly string[]): void {
    this.#public.nameRoots(roots);
  }

  /** @see PublicListener.namesRoots */
  get namesRoots(): boolean {
    return this.#public.namesRoots;
  }

  /** What is shown now, of each virtual host: PEM, the leaf first. */
  get chains(): readonly string[] {
    return this.#identities.value.map(({ certificateChain }) => certificateChain);
  }

  /** To be called before `open`. */
  observe(observer: ListenerObserver): void {
    for (const server of [this.#public.server, ...(this.#proxy ? [this.#proxy.server] : [])]) {
      server.on('secureConnection', (socket) => observer.handshake(socket.isSessionReused()));
      server.on('tlsClientError', () => observer.handshakeFailed());
      onUnreadable(server, (request) => observer.unreadable(request));
    }
  }

  async open(): Promise<void> {
    const { config } = this;
    this.#timers.push(
      setInterval(() => this.#public.renewTicketKeys(), sessionLifetimeS * 1_000),
      setInterval(() => this.#checkFiles(), fileCheckMs),
    );
    await listen(this.#public.server, config.port, config.host);
  }

  /**
   * Opens the listener for proxies once there is nothing any more that keeps the runtime from its work. A load balancer takes whoever
   * it hears of for one that works until its first check; so it finds nobody listening, and sends the request elsewhere.
   * @param ready asked again and again
   */
  async openToProxies(ready: () => boolean): Promise<void> {
    const { proxy } = this.config;
    if (!this.#proxy || !proxy) return;
    while (!this.#closed && !ready()) await new Promise((resolve) => setTimeout(resolve, readinessPollMs));
    if (this.#closed) return;
    await listen(this.#proxy.server, proxy.port, proxy.host);
    this.#openToProxies = true;
  }

  /** What is not open yet, one sentence each. */
  get problems(): readonly string[] {
    return !this.#proxy || this.#openToProxies ? [] : notOpenToProxies;
  }

  async close(drainMs: number): Promise<void> {
    this.#closed = true;
    const servers = [this.#public.server, ...(this.#proxy ? [this.#proxy.server] : [])].filter(
      ({ listening }) => listening,
    );
    await Promise.all(servers.map((server) => closeGracefully(server, drainMs)));
    this.#timers.forEach((timer) => clearInterval(timer));
  }

  #checkFiles(): void {
    if (this.#identities.check())
      this.#attempt('showing the new server certificate', () => {
        const [identity] = this.#identities.value;
        this.#public.showIdentities(this.#identities.value);
        if (identity) this.#proxy?.showIdentity(identity);
      });
    const proxies = this.#proxies;
    if (proxies?.check()) this.#attempt('admitting the new proxies', () => this.#proxy?.admitProxies(proxies.value));
  }

  #attempt(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.onFault(error, what);
    }
  }
}
