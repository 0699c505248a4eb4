import { invalidArgument, SluiceError } from '@sluice/domain';
import {
  decodeCertificationRequestPem,
  judgeCertificationRequest,
  MalformedCertificationRequest,
  MalformedPem,
  parseCertificationRequest,
  type CertificationRequest,
} from '@sluice/pki';
import type { ChangeScope } from '@sluice/service-shell';
import { lockRow } from '@sluice/persistence';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { CredentialRow } from './credential.entity.js';

const commonNameType = '2.5.4.3';
/** RFC 5280 appendix A: ub-common-name. Nothing invisible, which would deceive whoever reads a list of keys. */
const usableCommonName = /^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u;

export interface RequestedKey {
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly publicKeySha256: string;
  /** What of the request's subject goes into the certificate; absent when it has none. */
  readonly commonName?: string;
}

/**
 * Reads the PKCS#10 request of a key, in any of the forms PEM arrives in, and judges what it asks for.
 * @param field where it stood in the request, for the error
 * @throws SluiceError `invalid-argument`, `certificate-refused` with the reason
 */
export function readCertificationRequest(pem: string, field: string): RequestedKey {
  const request = parse(pem, field);
  const objection = judgeCertificationRequest(request);
  if (objection) {
    throw new SluiceError('certificate-refused', `No certificate is issued for this request. ${objection.sentence}`, {
      reason: objection.code,
      publicKeySha256: request.spkiSha256,
    });
  }
  const commonName = request.subject.flat().findLast(({ type }) => type === commonNameType);
  if (commonName && !(commonName.form === 'text' && usableCommonName.test(commonName.value))) {
    throw invalidArgument([
      { field, message: 'has a common name that is not 1 to 64 visible characters: leave it out, or choose another' },
    ]);
  }
  return {
    publicKey: request.spki,
    publicKeySha256: request.spkiSha256,
    ...(commonName ? { commonName: commonName.value } : {}),
  };
}

function parse(pem: string, field: string): CertificationRequest {
  try {
    return parseCertificationRequest(decodeCertificationRequestPem(pem));
  } catch (error) {
    if (error instanceof MalformedPem || error instanceof MalformedCertificationRequest)
      throw invalidArgument([{ field, message: error.message }]);
    throw error;
  }
}

/**
 * A key pair belongs to one holder and one certificate: whoever has it elsewhere could answer for this sender too. Of
 * several callers with one public key the first wins, the others wait here for it.
 * @throws SluiceError `public-key-in-use`
 */
export async function requireUnusedPublicKey(change: ChangeScope, publicKeySha256: string): Promise<void> {
  const { manager } = change;
  await lockRow(manager, `public-key.${publicKeySha256}`);
  const [compromised]: unknown[] = await manager.query(
    `SELECT 1 FROM revoked_certificate WHERE public_key_sha256 = $1 AND reason = 'keyCompromise' LIMIT 1`,
    [publicKeySha256],
  );
  const inUse =
    compromised !== undefined ||
    (await manager.existsBy(CredentialRow, { publicKeySha256 })) ||
    (await manager.existsBy(CertificateAuthorityRow, { publicKeySha256 }));
  if (!inUse) return;
  throw new SluiceError(
    'public-key-in-use',
    compromised === undefined
      ? 'The public key of this request is in a certificate already: make a new key pair for each certificate.'
      : 'The public key of this request was revoked as compromised: make a new key pair.',
    { publicKeySha256 },
  );
}
