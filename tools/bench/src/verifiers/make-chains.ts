import { makeCertificate, testKey, type TestCertificate, type TestKeyKind } from '@sluice/pki/testing';
import { randomBytes } from 'node:crypto';

const day = 86_400_000;
const clientAuth = '1.3.6.1.5.5.7.3.2';

/** What a sender sends: base64 DER. */
export interface SentChain {
  readonly leaf: string;
  readonly chain: readonly string[];
}

export interface Partner {
  readonly root: TestCertificate;
  readonly issuing: TestCertificate;
}

const base64 = (certificate: TestCertificate) => Buffer.from(certificate.der).toString('base64');
const validity = () => ({ notBefore: Date.now() - day, notAfter: Date.now() + 300 * day });
/** Positive, of 16 octets. */
const serial = () => Uint8Array.from(randomBytes(16), (octet, index) => (index === 0 ? (octet & 0x3f) | 0x40 : octet));

export function makePartner(name: string, keyKind: TestKeyKind): Partner {
  const root = makeCertificate({
    subject: `CN=${name} Root`,
    ca: true,
    key: testKey(keyKind, `${name} root`),
    ...validity(),
  });
  const issuing = makeCertificate({
    subject: `CN=${name} Issuing`,
    issuer: root,
    ca: true,
    key: testKey(keyKind, `${name} issuing`),
    ...validity(),
  });
  return { root, issuing };
}

/** A chain nobody has seen before: a leaf of its own under the partner's issuing CA. */
export function unseenChain({ root, issuing }: Partner, leafKind: TestKeyKind): SentChain {
  const leaf = makeCertificate({
    subject: `CN=sender ${randomBytes(6).toString('hex')},O=Bench`,
    issuer: issuing,
    key: testKey(leafKind, 'sender'),
    serial: serial(),
    extendedKeyUsage: [clientAuth],
    ...validity(),
  });
  return { leaf: base64(leaf), chain: [base64(issuing), base64(root)] };
}

/** The private key of the leaf of every unseen chain of that kind. PKCS #8 PEM. */
export function senderKey(leafKind: TestKeyKind): string {
  return testKey(leafKind, 'sender').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * What costs a verifier most of all that a stranger can send: CAs of one name that all claim to be issued by the partner's
 * CA, so that its key must be tried on each, and none of which it signed (attack 23).
 */
export function worstChain({ issuing, root }: Partner): SentChain {
  const forger = testKey('P-256', 'forger');
  const cas = Array.from({ length: 13 }, (_, index) =>
    makeCertificate({
      subject: 'CN=Stranger',
      issuerName: 'CN=Worst Issuing',
      issuer: issuing,
      signingKey: forgeryLike(issuing),
      ca: true,
      key: testKey('P-256', `stranger ${index}`),
      serial: serial(),
      ...validity(),
    }),
  );
  const leaf = makeCertificate({
    subject: 'CN=stranger',
    issuer: cas[0] as TestCertificate,
    signingKey: forger,
    serial: serial(),
    extendedKeyUsage: [clientAuth],
    ...validity(),
  });
  return { leaf: base64(leaf), chain: [...cas.map(base64), base64(issuing), base64(root)] };
}

/** A key of the same kind as the CA's: another algorithm would be refused without a computation. */
function forgeryLike(issuing: TestCertificate): ReturnType<typeof testKey> {
  const { asymmetricKeyType, asymmetricKeyDetails } = issuing.key.publicKey;
  if (asymmetricKeyType === 'ec')
    return testKey(asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'P-384' : 'P-256', 'forger of signatures');
  return testKey('rsa-2048', 'forger of signatures');
}
