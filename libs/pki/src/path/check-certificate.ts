import { type CertificateRefusal } from '@sluice/domain';
import { defaultAlgorithmPolicy, judgePublicKey, judgeSignatureAlgorithm } from '../algorithm/algorithm-policy.js';
import { type Certificate } from '../certificate/certificate.js';
import { anyExtendedKeyUsage, extendedKeyUsages, type ExtendedKeyUsageName } from '../certificate/decode-extensions.js';
import { type PathInput } from './path-input.js';
import { refuse, writeTime } from './refuse.js';
import { type TrustAnchor } from './trust-anchor.js';

/** What is wrong with one certificate wherever it stands in a path: none of it depends on the certificates above. */

/** The OID of the usage asked for, if any. */
export function wantedUsage(input: PathInput): string | undefined {
  const wanted = input.extendedKeyUsage;
  return wanted === undefined
    ? undefined
    : wanted in extendedKeyUsages
      ? extendedKeyUsages[wanted as ExtendedKeyUsageName]
      : wanted;
}

export function checkLeaf(input: PathInput): CertificateRefusal | undefined {
  const { leaf, requiredKeyUsage } = input;
  const unusable =
    requiredKeyUsage !== undefined && !leaf.allowsKeyUsage(requiredKeyUsage)
      ? refuse('key-usage-insufficient', leaf, { wanted: requiredKeyUsage })
      : undefined;
  return (
    checkValidity(leaf, input.at) ??
    checkLeafUsage(input) ??
    unusable ??
    checkCritical(leaf) ??
    checkAlgorithms(leaf, input, true)
  );
}

export function checkIntermediate(certificate: Certificate, input: PathInput): CertificateRefusal | undefined {
  return (
    checkValidity(certificate, input.at) ??
    checkAuthority(certificate) ??
    checkAuthorityUsage(certificate, input) ??
    checkCritical(certificate) ??
    checkAlgorithms(certificate, input, true)
  );
}

/** @param isLeaf the leaf is the anchor itself, so it need be no CA */
export function checkAnchor(anchor: TrustAnchor, input: PathInput, isLeaf: boolean): CertificateRefusal | undefined {
  const { certificate, enforce } = anchor;
  const algorithms = checkAlgorithms(certificate, input, false);
  if (algorithms !== undefined) return algorithms;
  if (enforce.validity) {
    const validity = checkValidity(certificate, input.at);
    if (validity !== undefined) return validity;
  }
  if (!enforce.constraints || isLeaf) return undefined;
  if (
    certificate.basicConstraints === undefined
      ? enforce.basicConstraints && certificate.version === 3
      : !certificate.basicConstraints.ca
  )
    return refuse('not-a-ca', certificate);
  if (!certificate.allowsKeyUsage('keyCertSign')) return refuse('no-cert-sign', certificate);
  return checkAuthorityUsage(certificate, input) ?? checkCritical(certificate);
}

function checkValidity(certificate: Certificate, at: number): CertificateRefusal | undefined {
  if (at > certificate.notAfter) return refuse('expired', certificate, { notAfter: writeTime(certificate.notAfter) });
  // Also when both are NaN-like nonsense the comparison above must not pass: at is a number by type.
  if (!(at >= certificate.notBefore))
    return refuse('not-yet-valid', certificate, { notBefore: writeTime(certificate.notBefore) });
  return undefined;
}

/** RFC 5280 6.1.4 (k), (n). */
function checkAuthority(certificate: Certificate): CertificateRefusal | undefined {
  if (certificate.basicConstraints?.ca !== true) return refuse('not-a-ca', certificate);
  if (!certificate.allowsKeyUsage('keyCertSign')) return refuse('no-cert-sign', certificate);
  return undefined;
}

function checkCritical(certificate: Certificate): CertificateRefusal | undefined {
  const extension = certificate.unknownCriticalExtension;
  return extension === undefined ? undefined : refuse('unknown-critical-extension', certificate, { extension });
}

function checkAlgorithms(certificate: Certificate, input: PathInput, signed: boolean): CertificateRefusal | undefined {
  const policy = input.algorithmPolicy ?? defaultAlgorithmPolicy;
  // The anchor's own signature is not looked at, so its algorithm is of no account.
  const objection =
    (signed ? judgeSignatureAlgorithm(certificate.signatureAlgorithm, policy) : undefined) ??
    judgePublicKey(certificate.publicKeyInfo, policy);
  return objection && refuse(objection.code, certificate, objection.values);
}

function checkLeafUsage(input: PathInput): CertificateRefusal | undefined {
  const wanted = wantedUsage(input);
  if (wanted === undefined) return undefined;
  const { leaf } = input;
  const found = leaf.extendedKeyUsage;
  if (found === undefined)
    return input.absentExtendedKeyUsage === 'accept' ? undefined : refuseUsage(leaf, wanted, 'is absent');
  if (found.includes(wanted)) return undefined;
  if (input.anyExtendedKeyUsage === 'accept' && found.includes(anyExtendedKeyUsage)) return undefined;
  return refuseUsage(leaf, wanted, `lists only ${found.map(describeUsage).join(', ')}`);
}

/** An extended key usage in a CA limits what is below it: not in RFC 5280, but what CAs mean by it and all validators do. */
function checkAuthorityUsage(certificate: Certificate, input: PathInput): CertificateRefusal | undefined {
  const wanted = wantedUsage(input);
  const found = certificate.extendedKeyUsage;
  if (wanted === undefined || found === undefined || found.includes(wanted) || found.includes(anyExtendedKeyUsage))
    return undefined;
  return refuseUsage(certificate, wanted, `lists only ${found.map(describeUsage).join(', ')}`);
}

function refuseUsage(certificate: Certificate, wanted: string, found: string): CertificateRefusal {
  return refuse(
    wanted === extendedKeyUsages.clientAuth ? 'missing-client-auth' : 'missing-extended-key-usage',
    certificate,
    { wanted: describeUsage(wanted), found },
  );
}

const usageNames: ReadonlyMap<string, string> = new Map([
  ...Object.entries(extendedKeyUsages).map(([name, oid]) => [oid, name] as const),
  [anyExtendedKeyUsage, 'anyExtendedKeyUsage'] as const,
]);

/** The name of a usage where it has one. */
export const describeUsage = (oid: string): string => usageNames.get(oid) ?? oid;
