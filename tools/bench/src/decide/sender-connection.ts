import { connect, type TLSSocket } from 'node:tls';
import type { LoadTarget } from '../path/load.js';

/** Where a sender sends to, and by what it is known: by a certificate, by a token, or by both. */
export type SenderTarget = Pick<LoadTarget, 'port' | 'path' | 'serverRoot' | 'token'> &
  Partial<Pick<LoadTarget, 'certificate' | 'key'>>;

const body = Buffer.alloc(512, 'x');

/** One connection of a sender that stays open; one request at a time, over the raw TLS socket. */
export class SenderConnection {
  readonly #request: Buffer;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (status: string) => void; reject: (error: Error) => void } | undefined;

  private constructor(
    private readonly socket: TLSSocket,
    { path, token }: SenderTarget,
  ) {
    const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
    this.#request = Buffer.concat([Buffer.from(head), body]);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const fail = (error: Error) => this.#waiting?.reject(error);
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('The connection was closed before the answer.')));
  }

  /** @returns when the handshake is done, both sides: in TLS 1.3 the server's tickets show that it was */
  static open(target: SenderTarget): Promise<SenderConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: target.port,
        servername: 'localhost',
        ALPNProtocols: ['http/1.1'],
        ca: target.serverRoot,
        cert: target.certificate,
        key: target.key,
      });
      socket.once('error', reject);
      socket.once('session', () => {
        // Not within this event: OpenSSL is still reading, and what is written now would stay in its buffer.
        setImmediate(() => {
          socket.off('error', reject);
          resolve(new SenderConnection(socket, target));
        });
      });
    });
  }

  /**
   * @param request another one than an empty head and the usual body, all its bytes
   * @returns the status of the answer, once its last byte is there
   */
  send(request = this.#request): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return void reject(new Error('The connection was closed before the request.'));
      this.#waiting = { resolve, reject };
      this.socket.write(request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const header = this.#received.toString('latin1', 0, end);
    const length = Number(/content-length: *(\d+)/i.exec(header)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(header.slice(9, 12));
  }
}
