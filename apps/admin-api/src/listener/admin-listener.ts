import {
  applyLimits,
  FollowedFiles,
  headLimits,
  readServerIdentity,
  SentChains,
  serverNameOf,
  sessionLifetimeS,
  timeoutCheckMs,
  TlsListener,
  type ListenerLimits,
  type PeerCertificate,
  type ServerIdentity,
  type ServerIdentityFiles,
} from '@sluice/service-shell';
import { createServer as createPlainServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import { isLoopback } from './loopback.js';

/** How often files are looked at again, in milliseconds. */
const fileCheckMs = 2_000;

/** Limits on everything a stranger controls; those of the flow port, for fewer connections. */
export const adminLimits: Omit<ListenerLimits, 'handshakeTimeout'> = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  maxConnections: 2_000,
  // Many, for in a container all come from the address of its engine; not all, for others come from elsewhere.
  maxConnectionsPerAddress: 1_000,
};

export interface AdminListenerConfig {
  /** Absent: plain HTTP. */
  readonly tls?: { readonly files: ServerIdentityFiles; readonly asksForCertificates: boolean };
  /** Addresses and networks that plain HTTP is spoken with beside loopback; only where a proxy ends TLS. */
  readonly plainHttpWith?: readonly string[];
  readonly handshakeTimeoutMs: number;
}

/** What the admin API listens by: TLS as on the flow port, or plain HTTP with this machine and the proxies that are named. */
export class AdminListener {
  readonly #identity: FollowedFiles<ServerIdentity> | undefined;
  /** Several, where `localhost` has several addresses. */
  readonly #listeners: TlsListener[] = [];
  readonly #chains = new SentChains(() => performance.now());
  readonly #peers = new BlockList();
  #timers: NodeJS.Timeout[] = [];

  /** @throws UnusableServerCertificate with a sentence: there is no weaker default to start with */
  constructor(
    private readonly config: AdminListenerConfig,
    now: () => number,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {
    const { tls, plainHttpWith = [] } = config;
    for (const peer of plainHttpWith) addTo(this.#peers, peer);
    if (!tls) return;
    this.#identity = new FollowedFiles(
      () => readServerIdentity(tls.files, now()),
      'server certificate of the admin API',
      onFault,
    );
  }

  /** Makes a server, not listening yet. */
  createServer(handle: RequestListener): Server {
    const { tls, handshakeTimeoutMs } = this.config;
    const limits: ListenerLimits = { ...adminLimits, handshakeTimeout: handshakeTimeoutMs };
    const options = { maxHeaderSize: headLimits.maxHeaderSize, connectionsCheckingInterval: timeoutCheckMs };
    if (!this.#identity) {
      const server = createPlainServer(options, handle);
      applyLimits(server, limits);
      server.prependListener('connection', (socket: Socket) => {
        if (!this.#speaksPlainHttpWith(socket)) socket.destroy();
      });
      return server;
    }
    const listener = new TlsListener({
      name: 'admin',
      identities: [this.#identity.value],
      asksForCertificates: tls?.asksForCertificates === true,
      chains: this.#chains,
      createServer: (spoken) => {
        const server = createTlsServer({ ...options, ...spoken, handshakeTimeout: handshakeTimeoutMs }, handle);
        applyLimits(server, limits);
        return server;
      },
    });
    this.#listeners.push(listener);
    return listener.server as unknown as Server;
  }

  /** From here on files that were replaced are taken over, and ticket keys end. */
  start(): void {
    if (!this.#identity) return;
    const each = (act: (listener: TlsListener) => void) => () => this.#listeners.forEach(act);
    this.#timers = [
      setInterval(
        each((listener) => listener.renewTicketKeys()),
        sessionLifetimeS * 1_000,
      ),
      setInterval(() => this.checkFiles(), fileCheckMs),
    ];
  }

  stop(): void {
    this.#timers.forEach((timer) => clearInterval(timer));
  }

  /** Shows the certificate of the files from the next handshake on, if it is another one. Open connections stay. */
  checkFiles(): void {
    if (!this.#identity?.check()) return;
    try {
      for (const listener of this.#listeners) listener.showIdentities([this.#identity.value]);
    } catch (error) {
      this.onFault(error, 'showing the new server certificate of the admin API');
    }
  }

  /** The certificate whose key the peer of a connection proved to have. */
  certificateOf(connection: Socket): PeerCertificate | undefined {
    return this.#listeners[0]?.certificateOf(connection);
  }

  /** Whether a request may come over a connection; of plain HTTP nothing can be said. */
  agrees(connection: Socket, host: string): boolean {
    return this.#listeners[0]?.agrees(connection, host) ?? true;
  }

  #speaksPlainHttpWith({ remoteAddress = '' }: Socket): boolean {
    const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
    return isLoopback(address) || this.#peers.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
}

function addTo(list: BlockList, peer: string): void {
  const [address = '', bits] = peer.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}

/**
 * `Strict-Transport-Security` (RFC 6797) where it does good: it holds for a host with all its ports, so a browser that learned it of
 * `localhost`, or of a port beside others, would no longer reach what else is there; and of addresses it learns nothing (§8.1.1).
 * @param host the header of the request
 * @returns undefined where the header is not to be sent
 */
export function strictTransportSecurity(connection: Socket, host: string): string | undefined {
  const name = serverNameOf(connection);
  const onItsOwn = !host.includes(':') && isIP(host) === 0 && !/(^|\.)localhost\.?$/i.test(host);
  return name !== undefined && onItsOwn ? 'max-age=31536000' : undefined;
}
