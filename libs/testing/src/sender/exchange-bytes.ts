import { connect } from 'node:tls';
import type { SenderOptions } from './sender.js';

export interface ExchangeOptions extends SenderOptions {
  /** What comes in this time is the answer, when the server keeps the connection open. */
  readonly timeoutMs?: number;
  /** Ends the exchange as soon as it says true for what came so far; default: one whole answer with a content length. */
  readonly until?: (received: string) => boolean;
}

/**
 * Sends bytes over TLS as they are, for requests that no HTTP client would write.
 * @returns what the server answered, one character a byte, and whether it closed the connection
 */
export function exchangeBytes(
  bytes: Uint8Array | string,
  options: ExchangeOptions,
): Promise<{ text: string; closed: boolean }> {
  const { timeoutMs = 5_000, until = isWholeAnswer } = options;
  const url = new URL(options.url);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: url.hostname,
      port: Number(url.port || 443),
      servername: url.hostname,
      ca: options.trusts,
      cert: options.certificate,
      key: options.key,
    });
    let text = '';
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    socket.once('secureConnect', () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (until(text)) finish(false);
    });
    socket.once('end', () => finish(true));
    socket.once('close', () => finish(true));
    socket.once('error', (error) => {
      clearTimeout(timer);
      if (text) resolve({ text, closed: true });
      else reject(error);
    });
  });
}

function isWholeAnswer(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const [, length] = /^content-length: *(\d+)\r?$/im.exec(received.slice(0, end)) ?? [];
  return length !== undefined && received.length >= end + 4 + Number(length);
}
