import type { AdminClient } from '@sluice/admin-client';
import { getDecision } from '@sluice/contracts';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { bad, good, unknown, type Finding } from './findings.js';

export interface SenderSetUp {
  /** Where senders call flows: `https://host:8443`. */
  readonly flowUrl: string;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly serverRoot: string | undefined;
  /** To look the refusal up; absent: its id alone is told. */
  readonly client: AdminClient | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const timeoutMs = 10_000;

/**
 * Looks at a sender's side: its files, the handshake, and whether the certificate is let in. No flow runs by it: the path that is called is one
 * where no flow can be, of which known callers alone are told.
 */
export async function* examineSender(setUp: SenderSetUp): AsyncGenerator<Finding> {
  const files = examineFiles(setUp);
  yield files;
  if (files.state === 'bad') return;
  const handshake = await examineHandshake(setUp);
  yield handshake;
  if (handshake.state === 'bad') return;
  yield await examineCall(setUp);
}

function examineFiles({ certificate, key, now }: SenderSetUp): Finding {
  const what = 'certificate and key';
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
  } catch {
    return bad(what, 'The certificate file holds no certificate in PEM.');
  }
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(key)))
      return bad(what, `The private key is not that of ${subjectOf(leaf)}: name the two files that belong together.`);
  } catch {
    return bad(what, 'The key file holds no private key in PEM that can be read without a pass phrase.');
  }
  if (Date.parse(leaf.validTo) <= now())
    return bad(what, `${subjectOf(leaf)} ended on ${dateOf(leaf.validTo)}: rotate the key.`);
  if (Date.parse(leaf.validFrom) > now())
    return bad(what, `${subjectOf(leaf)} begins on ${dateOf(leaf.validFrom)}, or the clock here is wrong.`);
  return good(what, `${subjectOf(leaf)} belongs to the key, and is valid until ${dateOf(leaf.validTo)}.`);
}

/** As OpenSSL writes it; `validToDate` is not in every Node.js that the command line runs on. */
function dateOf(text: string): string {
  return new Date(text).toISOString();
}

function subjectOf(certificate: X509Certificate): string {
  return certificate.subject.split('\n').join(', ');
}

function examineHandshake({ flowUrl, certificate, key, serverRoot }: SenderSetUp): Promise<Finding> {
  const what = 'TLS handshake';
  const { hostname, port } = new URL(flowUrl);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({
      host,
      port: port === '' ? 443 : Number(port),
      ...(/^[\d.:]+$/.test(host) ? {} : { servername: host }),
      cert: certificate,
      key,
      ...(serverRoot === undefined ? {} : { ca: serverRoot }),
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    socket.once('timeout', () => end(bad(what, `${flowUrl} does not answer within ${timeoutMs / 1_000} s.`)));
    socket.once('error', (error) => end(bad(what, `${flowUrl}: ${error.message}`)));
    socket.once('secureConnect', () => {
      if (!socket.authorized)
        return end(
          bad(
            what,
            `The server's certificate is not trusted here (${String(socket.authorizationError)}): give its root by --server-root; sluice key create … --out writes it as server-root.pem.`,
          ),
        );
      const identity = checkServerIdentity(host, socket.getPeerCertificate() as PeerCertificate);
      if (identity) return end(bad(what, `The server's certificate is for another name: ${identity.message}`));
      end(good(what, `${socket.getProtocol()} with a server certificate that is trusted.`));
    });
  });
}

async function examineCall(setUp: SenderSetUp): Promise<Finding> {
  const what = 'being let in';
  try {
    const { status, decisionId } = await call(setUp);
    if (status === 404) return good(what, 'The certificate is known, and its key grants access.');
    if (status === 503) return unknown(what, 'It cannot be decided now (503): look at the installation.');
    if (status !== 401 && status !== 403) return unknown(what, `The answer was ${status}, which says nothing of it.`);
    if (decisionId === undefined || !setUp.client)
      return bad(
        what,
        `Refused with ${status}; decision ${decisionId ?? 'unknown'}: sluice decision show ID says why.`,
      );
    const { checks, nearestMatch } = await setUp.client.call(getDecision, { id: decisionId });
    const why = checks.filter(({ ok }) => !ok).map(({ explanation }) => explanation);
    return bad(
      what,
      [...why, ...(nearestMatch === undefined ? [] : [nearestMatch]), `(decision ${decisionId})`].join(' '),
    );
  } catch (error) {
    return unknown(what, error instanceof Error ? error.message : String(error));
  }
}

function call({ flowUrl, certificate, key, serverRoot }: SenderSetUp) {
  return new Promise<{ status: number; decisionId: string | undefined }>((resolve, reject) => {
    const outgoing = request(
      `${flowUrl.replace(/\/+$/, '')}/`,
      {
        method: 'HEAD',
        cert: certificate,
        key,
        ...(serverRoot === undefined ? {} : { ca: serverRoot }),
        agent: false,
        timeout: timeoutMs,
      },
      (response) => {
        response.resume();
        const id = response.headers['sluice-decision-id'];
        resolve({ status: response.statusCode ?? 0, decisionId: typeof id === 'string' ? id : undefined });
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${flowUrl} does not answer.`)));
    outgoing.once('error', reject);
    outgoing.end();
  });
}
