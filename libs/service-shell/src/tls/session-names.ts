import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const ofSession = Symbol('server name of the resumed session');
interface MarkedSocket extends TLSSocket {
  [ofSession]?: string;
}

/** The server name (SNI) a connection was made to; undefined when none was sent. */
export function serverNameOf(socket: Socket): string | undefined {
  const { servername, [ofSession]: bound } = socket as MarkedSocket;
  return (bound ?? servername) || undefined;
}

/**
 * Under which server name each TLS 1.2 session was made. A session of TLS 1.3 is resumed with the name sent anew; in
 * TLS 1.2 it is the session's (RFC 6066 §3), and OpenSSL under Node does not keep it. A session is known by the digest of its master
 * secret, which all its connections share.
 */
export class SessionNames {
  readonly #names = new Map<string, string>();

  /**
   * @param capacity how many sessions are remembered
   * @param onFull must make every session given out so far worthless: a resumed one whose name was forgotten could not be served
   */
  constructor(
    private readonly capacity: number,
    private readonly onFull: () => void,
  ) {}

  /** @returns whether the name is known; else the connection must end */
  bind(socket: TLSSocket): boolean {
    if (socket.getProtocol() !== 'TLSv1.2') return true;
    const session = socket.getSession();
    const id = session && masterSecretDigest(session);
    if (id === undefined) return false;
    if (socket.isSessionReused()) {
      const name = this.#names.get(id);
      if (name === undefined) return false;
      (socket as MarkedSocket)[ofSession] = name;
      return true;
    }
    if (this.#names.size >= this.capacity) {
      this.onFull();
      this.#names.clear();
    }
    this.#names.set(id, socket.servername || '');
    return true;
  }

  /** To be called when every session given out so far is worthless. */
  forget(): void {
    this.#names.clear();
  }
}

/** @param session OpenSSL's SSL_SESSION, DER: version, protocol, cipher, session ID, master secret, … */
function masterSecretDigest(session: Buffer): string | undefined {
  let at = endOfHead(session, 0);
  for (let skipped = 0; skipped < 4; skipped++) at = endOfValue(session, at);
  if (session[at] !== 0x04) return undefined;
  return hash('sha256', session.subarray(endOfHead(session, at), endOfValue(session, at)), 'base64');
}

/** @returns where the content of the element at `at` begins; lengths are of at most two bytes here */
function endOfHead(der: Buffer, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length > 0x80 ? length - 0x80 : 0);
}

function endOfValue(der: Buffer, at: number): number {
  const start = endOfHead(der, at);
  const length = start === at + 2 ? (der[at + 1] ?? 0) : der.readUIntBE(at + 2, start - at - 2);
  return start + length;
}
