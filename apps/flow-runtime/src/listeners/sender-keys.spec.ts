import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseDistinguishedName } from '@sluice/domain';
import { encodePem, issueCertificate, type CertificateProfile } from '@sluice/pki';
import { tlsSettings } from '@sluice/service-shell';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureVersion, type Server, type TLSSocket } from 'node:tls';

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const issuer = {
  name: parseDistinguishedName('CN=CA'),
  privateKey: authority.privateKey,
  publicKey: authority.publicKey.export({ type: 'spki', format: 'der' }),
};

function certify({ publicKey, privateKey }: Pair, profile: CertificateProfile) {
  const { der } = issueCertificate(
    {
      subject: parseDistinguishedName('CN=holder'),
      publicKey: publicKey.export({ type: 'spki', format: 'der' }),
      notBefore: Date.now() - 60_000,
      notAfter: Date.now() + 3_600_000,
      profile,
    },
    issuer,
  );
  return { cert: encodePem(der), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

let server: Server;

beforeAll(async () => {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  server = createServer(
    {
      ...tlsSettings,
      ...certify(own, { kind: 'server', dnsNames: ['localhost'], ipAddresses: [] }),
      requestCert: true,
      // As the listeners do: whose certificate it is is judged for each request.
      rejectUnauthorized: false,
    },
    (socket) => socket.end(`${socket.getProtocol()} ${socket.getPeerX509Certificate()?.subject}`),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => void server.close());

/** Every kind of key that a certificate is issued for (docs/keys.md). */
const kinds: readonly [string, () => Pair][] = [
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['RSA-PSS', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 })],
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
];

describe.each(kinds)('a sender with a key of kind %s', (_kind, make) => {
  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('proves it in a handshake of %s', async (version) => {
    const client: TLSSocket = connect({
      port: (server.address() as AddressInfo).port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      minVersion: version,
      maxVersion: version,
      ...certify(make(), { kind: 'client' }),
    });
    let seen = '';
    for await (const bytes of client) seen += String(bytes);
    expect(seen).toBe(`${version} CN=holder`);
  });
});
