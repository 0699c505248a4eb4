import { networkOf } from '@sluice/domain';
import type { Socket } from 'node:net';

/** A connection as the quota sees it: counted until it is closed. */
interface Counted {
  readonly socket: Socket;
  readonly address: string;
  readonly peer: string;
  waiting: boolean;
}

/** Set on a TLS socket once its connection is known to be used. */
const used = Symbol('used connection');
interface MarkedSocket extends Socket {
  [used]?: true;
}

/**
 * How many connections there may be, in all and from one address. When there is no room, the connection that has waited
 * longest without ever sending a request makes it, of the same address first: whoever opens thousands and says nothing closes his own, and
 * others are served. Connections that have been used are left alone; with nothing but those the new one is refused.
 */
export class ConnectionQuota {
  readonly #byPeer = new Map<string, Counted>();
  readonly #perAddress = new Map<string, Set<Counted>>();
  /** In the order they came. */
  readonly #waiting = new Set<Counted>();
  #open = 0;

  constructor(
    private readonly most: number,
    private readonly maxPerAddress: number,
  ) {}

  /** @returns whether the connection may stay */
  admit(socket: Socket): boolean {
    const address = networkOf(socket.remoteAddress ?? '');
    const ofAddress = this.#perAddress.get(address) ?? new Set();
    if (ofAddress.size >= this.maxPerAddress && !this.#makeRoom(ofAddress)) return false;
    if (this.#open >= this.most && !this.#makeRoom(this.#waiting)) return false;
    const entry: Counted = { socket, address, peer: peerOf(socket), waiting: true };
    this.#byPeer.set(entry.peer, entry);
    ofAddress.add(entry);
    this.#perAddress.set(address, ofAddress);
    this.#waiting.add(entry);
    this.#open++;
    socket.once('close', () => this.#forget(entry));
    return true;
  }

  /** The connection has brought a request: it is no longer one that only waits. `socket` is the one on top, of TLS. */
  served(socket: Socket): void {
    const marked = socket as MarkedSocket;
    if (marked[used]) return;
    marked[used] = true;
    const entry = this.#byPeer.get(peerOf(socket));
    if (!entry) return;
    entry.waiting = false;
    this.#waiting.delete(entry);
  }

  get open(): number {
    return this.#open;
  }

  #makeRoom(among: ReadonlySet<Counted>): boolean {
    for (const entry of among) {
      if (!entry.waiting) continue;
      this.#forget(entry);
      entry.socket.destroy();
      return true;
    }
    return false;
  }

  #forget(entry: Counted): void {
    const ofAddress = this.#perAddress.get(entry.address);
    if (!ofAddress?.delete(entry)) return;
    if (ofAddress.size === 0) this.#perAddress.delete(entry.address);
    if (this.#byPeer.get(entry.peer) === entry) this.#byPeer.delete(entry.peer);
    this.#waiting.delete(entry);
    this.#open--;
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
