import { formatDistinguishedName, SluiceError, type RevocationPolicy } from '@sluice/domain';
import {
  type CertificateList,
  decodePem,
  isSignedBy,
  MalformedCertificateList,
  parseCertificate,
  parseLongCertificateList,
  readDerOrPem,
  type Certificate,
} from '@sluice/pki';
import { createHash } from 'node:crypto';
import type { TrustedRootRow } from './trusted-root.entity.js';

/** A CRL that was found to be in order, with what it is about. */
export interface ReadCertificateList {
  readonly list: CertificateList;
  /** Hex SHA-256 of issuer, distribution point and whether it is a delta: a newer one of the same takes its place. */
  readonly scopeKey: string;
}

/** Who may have signed a root's CRLs, and by whose clock they are judged. */
export interface ListJudgement {
  readonly signers: readonly Certificate[];
  /** Epoch milliseconds. */
  readonly at: number;
  readonly clockSkewMs: number;
  /** A CRL older than this is not used, though its nextUpdate has not come. */
  readonly maximumAgeMs?: number;
}

/** By what the CRLs of a root are judged before they come into force. */
export function listJudgement(root: TrustedRootRow, policy: RevocationPolicy, at: number): ListJudgement {
  return {
    signers: listSigners(root, policy.issuerCertificates),
    at,
    clockSkewMs: policy.clockSkewSeconds * 1_000,
    ...(policy.maximumAgeSeconds === undefined ? {} : { maximumAgeMs: policy.maximumAgeSeconds * 1_000 }),
  };
}

/** The root itself and the issuers its policy names. */
function listSigners(root: TrustedRootRow, issuerCertificates: readonly string[]): Certificate[] {
  return [root.certificate, ...issuerCertificates.flatMap(decodePem)].map(parseCertificate);
}

/**
 * Reads a CRL in DER or PEM and checks what can be checked before a chain comes: strict DER, no unknown critical extension, in
 * force at this time, signed by the root or an issuer that was named and may sign CRLs.
 * @throws SluiceError `certificate-list-refused`
 */
export async function readCertificateList(content: Uint8Array, judgement: ListJudgement): Promise<ReadCertificateList> {
  const list = await parse(content);
  const issuer = formatDistinguishedName(list.issuer);
  const unknown = list.unknownCriticalExtension ?? list.revoked.unknownCriticalExtension;
  if (unknown !== undefined)
    throw refused(
      `The CRL of "${issuer}" has the critical extension ${unknown}, which is not known here (RFC 5280 §5.2).`,
    );
  if (list.thisUpdate > judgement.at + judgement.clockSkewMs)
    throw refused(
      `The CRL of "${issuer}" is not valid before ${new Date(list.thisUpdate).toISOString()}: check the clocks.`,
    );
  if (list.nextUpdate !== undefined && list.nextUpdate < judgement.at)
    throw refused(
      `The CRL of "${issuer}" should have been replaced at ${new Date(list.nextUpdate).toISOString()}: get the newer one.`,
    );
  if (judgement.maximumAgeMs !== undefined && judgement.at - list.thisUpdate > judgement.maximumAgeMs)
    throw refused(
      `The CRL of "${issuer}" is of ${new Date(list.thisUpdate).toISOString()}, older than maximumAgeSeconds allows: get the newer one.`,
    );
  const named = judgement.signers.filter((signer) => signer.subjectKey === list.issuerKey);
  if (named.length === 0)
    throw refused(
      `The CRL is by "${issuer}", which is not this root: add the certificate of that CA to issuerCertificates.`,
    );
  const allowed = named.filter((signer) => signer.allowsKeyUsage('cRLSign'));
  if (allowed.length === 0)
    throw refused(`"${issuer}" may not sign CRLs: the key usage of its certificate lacks cRLSign (RFC 5280 §4.2.1.3).`);
  if (!allowed.some((signer) => isSignedBy(list, signer)))
    throw refused(`The CRL was not signed with the key of "${issuer}", or with an algorithm that is too weak.`);
  return { list, scopeKey: scopeKeyOf(list) };
}

async function parse(content: Uint8Array): Promise<CertificateList> {
  try {
    return await parseLongCertificateList(readDerOrPem(content, 'X509 CRL'));
  } catch (error) {
    if (error instanceof MalformedCertificateList || error instanceof Error) {
      throw new SluiceError('certificate-list-refused', error.message, undefined, { cause: error });
    }
    throw error;
  }
}

function scopeKeyOf(list: CertificateList): string {
  const point = list.extensions.find(({ oid }) => oid === '2.5.29.28');
  return createHash('sha256')
    .update(JSON.stringify([list.issuerKey, list.isDelta]))
    .update(point?.value ?? '')
    .digest('hex');
}

function refused(message: string): SluiceError {
  return new SluiceError('certificate-list-refused', message);
}
