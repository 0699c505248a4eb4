import { parseDistinguishedName } from '@sluice/domain';
import { encodePem, generateKeyPair, issueCertificate, subjectPublicKeyInfo } from '@sluice/pki';

const day = 86_400_000;

/**
 * A root that nothing can ever chain to: it has ended, and its key is dropped here. A load balancer that must be given at
 * least one root gets this one while the list is empty, and never the system's roots.
 */
export async function makeUnusableRoot(now: number): Promise<string> {
  const pair = await generateKeyPair({ algorithm: 'P-256' });
  const subject = parseDistinguishedName('CN=No trusted root,O=Sluice');
  const publicKey = subjectPublicKeyInfo(pair.publicKey);
  const { der } = issueCertificate(
    {
      subject,
      publicKey,
      notBefore: now - 2 * day,
      notAfter: now - day,
      profile: { kind: 'certificate-authority', pathLength: 0 },
    },
    { name: subject, privateKey: pair.privateKey, publicKey },
  );
  return encodePem(der);
}
