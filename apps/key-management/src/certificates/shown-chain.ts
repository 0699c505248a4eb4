import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const timeoutMs = 5_000;
/** PostgreSQL documentation, "SSLRequest": the length, and the code in the place of a version. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const maxInfoBytes = 64 * 1024;

/**
 * What a server shows in a TLS handshake, the leaf first, DER. It is not judged and nothing is said to the server: who uses the server
 * judges it for itself.
 * @returns empty when it speaks no TLS
 * @throws Error when there is no connection, or nothing is answered
 */
export async function shownChain(
  protocol: 'nats' | 'postgres',
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Uint8Array[]> {
  const socket = connect({ host, port }).on('error', ignored);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await once(socket, 'connect', { signal });
    const speaksTls =
      protocol === 'nats' ? await natsSpeaksTls(socket, signal) : await postgresSpeaksTls(socket, signal);
    if (!speaksTls) return [];
    const options = { socket, rejectUnauthorized: false, ...(isIP(host) ? {} : { servername: host }) };
    const secure = connectTls(options).on('error', ignored);
    try {
      await once(secure, 'secureConnect', { signal });
      const chain: Uint8Array[] = [];
      for (let next = secure.getPeerX509Certificate(); next; next = next.issuerCertificate) {
        if (chain.some((der) => Buffer.compare(der, next?.raw ?? der) === 0)) break;
        chain.push(next.raw);
      }
      // The end of the handshake is still on its way: cut off, it would be an error in the server's log.
      await new Promise<void>((resolve) => secure.end(resolve));
      return chain;
    } finally {
      secure.destroy();
    }
  } finally {
    socket.destroy();
  }
}

/** Whoever waits is told; a connection that is reset after that would end the process. */
const ignored = () => undefined;

/** The server speaks first: `INFO {…}`. */
async function natsSpeaksTls(socket: Socket, signal: AbortSignal): Promise<boolean> {
  let said = '';
  while (!said.includes('\r\n')) {
    const [chunk] = (await once(socket, 'data', { signal })) as [Buffer];
    said += chunk.toString('latin1');
    if (said.length > maxInfoBytes) throw new Error('The server of the bus says no INFO.');
  }
  const info = JSON.parse(/^INFO (.*)\r\n/.exec(said)?.[1] ?? '{}') as Record<string, unknown>;
  return info['tls_required'] === true || info['tls_available'] === true;
}

async function postgresSpeaksTls(socket: Socket, signal: AbortSignal): Promise<boolean> {
  socket.write(sslRequest);
  const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
  return answer.toString('latin1') === 'S';
}
