import type { ConnectivityTestView } from '@sluice/contracts';
import { formatDistinguishedName } from '@sluice/domain';
import { parseCertificate } from '@sluice/pki';
import type { Destinations } from '@sluice/service-shell';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';

export interface TestedConnection {
  readonly result: ConnectivityTestView;
  readonly ders: readonly Uint8Array[];
}

const handshakeTimeoutMs = 10_000;

/** One sentence for every cause: whoever may test must not find out which ports of the inside are open. */
const noConnection =
  'No TLS connection came about: the host does not resolve, is not among the destinations allowed (ALLOWED_DESTINATIONS), or no TLS server answers there. The log of the admin API says which.';

/** Opens a TLS connection as a sender would and lists the chain the server shows. A failure is a result, not an error. */
export async function testConnectivity(
  request: { id: string; host: string; port: number; validateServerCertificate: boolean },
  now: number,
  destinations: Destinations,
  /** Told what those who asked are not. */
  onFailure: (error: unknown) => void,
): Promise<TestedConnection> {
  const base = { ...request, at: new Date(now).toISOString() };
  let socket: TLSSocket;
  try {
    socket = await handshake(destinations, request.host, request.port);
  } catch (error) {
    onFailure(error);
    return {
      result: { ...base, status: 'failed', error: noConnection, certificates: [] },
      ders: [],
    };
  }
  try {
    const ders = shownChain(socket);
    const refused =
      request.validateServerCertificate && !socket.authorized ? String(socket.authorizationError) : undefined;
    return {
      result: {
        ...base,
        status: refused ? 'failed' : 'succeeded',
        ...(refused
          ? {
              error: `The server's certificate is not trusted here (${refused}): import the root of the chain, or test without validation.`,
            }
          : {}),
        protocol: socket.getProtocol() ?? '',
        cipher: socket.getCipher().standardName,
        certificates: ders.map(describe),
      },
      ders,
    };
  } finally {
    socket.destroy();
  }
}

async function handshake(destinations: Destinations, host: string, port: number): Promise<TLSSocket> {
  const tcp = await destinations.connected(host, port, handshakeTimeoutMs);
  const socket = connect({ socket: tcp, rejectUnauthorized: false, ...(isIP(host) ? {} : { servername: host }) });
  socket.setTimeout(handshakeTimeoutMs, () =>
    socket.destroy(new Error(`nothing came for ${handshakeTimeoutMs / 1000} seconds`)),
  );
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
  });
}

function shownChain(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw && chain.length < 16) {
    chain.push(certificate.raw);
    if (!certificate.issuerCertificate || certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

function describe(der: Uint8Array, index: number): ConnectivityTestView['certificates'][number] {
  const certificate = parseCertificate(der);
  const name = formatDistinguishedName(certificate.subject);
  const common = /CN=((?:[^,\\]|\\.)*)/.exec(name)?.[1] ?? 'certificate';
  const role = certificate.isSelfIssued ? 'root' : index === 0 ? 'server' : 'intermediate';
  return {
    subjectdn: name,
    issuerdn: formatDistinguishedName(certificate.issuer),
    serialnumber: `0x${certificate.serialNumber}`,
    validfrom: new Date(certificate.notBefore).toISOString(),
    validuntil: new Date(certificate.notAfter).toISOString(),
    sha256: certificate.sha256,
    root: certificate.isSelfIssued,
    file: `${index + 1}-${role}-${common.replace(/[^A-Za-z0-9.-]+/g, '_').slice(0, 64)}.cer`,
  };
}
