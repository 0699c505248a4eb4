import { parseDistinguishedName } from '@sluice/domain';
import { encodePem, generateKeyPair, issueCertificate, subjectPublicKeyInfo } from '@sluice/pki';

const day = 86_400_000;

export interface PrivateCa {
  /** PEM. */
  readonly root: string;
  readonly certificate: string;
  readonly key: string;
}

/** A private CA outside Sluice with one sender's certificate, as a partner company would have it. */
export async function makePrivateCa(organisation: string, now: number): Promise<PrivateCa> {
  const ca = await generateKeyPair({ algorithm: 'P-256' });
  const name = parseDistinguishedName(`CN=${organisation} Root,O=${organisation}`);
  const issuer = { name, privateKey: ca.privateKey, publicKey: subjectPublicKeyInfo(ca.publicKey) };
  const validity = { notBefore: now - 60_000, notAfter: now + 30 * day };
  const root = issueCertificate(
    {
      subject: name,
      publicKey: issuer.publicKey,
      ...validity,
      profile: { kind: 'certificate-authority', pathLength: 0 },
    },
    issuer,
  );
  const pair = await generateKeyPair({ algorithm: 'P-256' });
  const leaf = issueCertificate(
    {
      subject: parseDistinguishedName(`CN=warehouse,O=${organisation}`),
      publicKey: subjectPublicKeyInfo(pair.publicKey),
      ...validity,
      profile: { kind: 'client' },
    },
    issuer,
  );
  return {
    root: encodePem(root.der),
    certificate: encodePem(leaf.der),
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}
