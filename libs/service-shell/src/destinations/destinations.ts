import { isPermittedDestination, type DestinationPolicy } from '@sluice/domain';
import { once } from 'node:events';
import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { Agent, buildConnector, fetch, type RequestInit, type Response } from 'undici';

/** The code of errors for a destination that the policy refuses. */
export const refusedDestinationCode = 'ERR_DESTINATION_REFUSED';

/** What whoever asked is told of a destination that gave no connection: it does not tell a closed port from a forbidden address. */
export const unreachableSentence = 'it could not be reached, or ALLOWED_DESTINATIONS does not let it be';

/** Failures of connecting, which must look alike from outside. */
const connecting = new Set([
  refusedDestinationCode,
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether an error, or what caused it, is that no connection came about. */
export function isUnreachable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return (typeof code === 'string' && connecting.has(code)) || isUnreachable(cause);
}

class RefusedDestination extends Error {
  readonly code = refusedDestinationCode;
}

export type OnRefusedDestination = (host: string, addresses: readonly string[]) => void;

/**
 * Connections to where others say: the policy is asked about the very addresses that are connected to, after the name was
 * resolved, for each connection anew. A name that resolves differently the next time is judged again, as is each redirect.
 */
export class Destinations {
  #agent: Agent | undefined;

  /** @param onRefused for the operator: those who asked are not told */
  constructor(
    private readonly policy: DestinationPolicy,
    private readonly onRefused: OnRefusedDestination,
  ) {}

  /** For `net.connect`, which does not call it for a host that is an address: see `check`. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    const all: LookupOptions & { all: true } = { ...(options as LookupOptions), all: true };
    lookup(host, all, (error, found: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const permitted = found.filter(({ address }) => isPermittedDestination(this.policy, host, address));
      const [first] = permitted;
      if (!first)
        return callback(
          this.#refuse(
            host,
            found.map(({ address }) => address),
          ),
          '',
          0,
        );
      if (options.all) return callback(null, permitted);
      callback(null, first.address, first.family);
    });
  };

  /** @throws Error with the code ERR_DESTINATION_REFUSED where the host is an address that is refused */
  check(host: string): void {
    const address = host.replace(/^\[(.*)\]$/, '$1');
    if (isIP(address) !== 0 && !isPermittedDestination(this.policy, address, address))
      throw this.#refuse(address, [address]);
  }

  /** A connector for an undici `Agent`. */
  connector(options: buildConnector.BuildOptions = {}): buildConnector.connector {
    const connector = buildConnector({ allowH2: false, ...options, lookup: this.lookup });
    return (target, callback) => {
      try {
        this.check(target.hostname);
      } catch (error) {
        callback(error as Error, null);
        return;
      }
      connector(target, callback);
    };
  }

  /** As `fetch`. Redirects lead to connections that are judged like others. */
  fetch(url: string, init: RequestInit): Promise<Response> {
    this.#agent ??= new Agent({ connect: this.connector({ timeout: 10_000 }), allowH2: false });
    return fetch(url, { ...init, dispatcher: this.#agent });
  }

  /**
   * A connection over TCP that stands.
   * @throws Error that `isUnreachable` says is one, whether the port is closed, filtered (after `timeoutMs`) or refused here
   */
  async connected(host: string, port: number, timeoutMs: number): Promise<Socket> {
    this.check(host);
    const socket = connect({ host, port, lookup: this.lookup });
    // It may be reset before whoever gets it listens: an error that nobody hears would end the process.
    socket.on('error', () => undefined);
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
      return socket;
    } catch (error) {
      socket.destroy();
      throw (error as Error).name === 'AbortError'
        ? Object.assign(new Error('No connection in time.'), { code: 'ETIMEDOUT' })
        : error;
    }
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
  }

  #refuse(host: string, addresses: readonly string[]): RefusedDestination {
    this.onRefused(host, addresses);
    return new RefusedDestination('The policy of destinations refuses every address of the host.');
  }
}
