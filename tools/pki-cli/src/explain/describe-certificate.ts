import { formatDistinguishedName } from '@sluice/domain';
import {
  anyExtendedKeyUsage,
  defaultAlgorithmPolicy,
  describeGeneralName,
  describeUsage,
  extendedKeyUsages,
  judgePublicKey,
  judgeSignatureAlgorithm,
  type Certificate,
  type GeneralName,
} from '@sluice/pki';

/** `right`: in order. `notice`: not refused here, but worth knowing. `wrong`: refused. */
export interface Finding {
  readonly kind: 'right' | 'notice' | 'wrong';
  readonly text: string;
}

export interface CertificateDescription {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly sha256: string;
  readonly version: number;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly key: string;
  readonly signedWith: string;
  readonly certificateAuthority: boolean;
  readonly pathLength: number | null;
  readonly keyUsage: readonly string[] | null;
  readonly extendedKeyUsage: readonly string[] | null;
  readonly alternativeNames: readonly string[];
  readonly nameConstraints: { readonly permitted: readonly string[]; readonly excluded: readonly string[] } | null;
  readonly policies: readonly string[] | null;
  readonly crlAddresses: readonly string[];
  readonly ocspAddresses: readonly string[];
  readonly findings: readonly Finding[];
}

const describeName = (name: GeneralName): string =>
  describeGeneralName(name, (decoded) => formatDistinguishedName(decoded.name));

const address = (name: GeneralName): string[] => (name.form === 'uniformResourceIdentifier' ? [name.value] : []);

/**
 * What a certificate says, and what is right and wrong with it by itself.
 * @param at epoch milliseconds @param role whether it is used as the end certificate or to issue others
 */
export function describeCertificate(
  certificate: Certificate,
  at: number,
  role: 'leaf' | 'authority',
): CertificateDescription {
  return {
    subject: formatDistinguishedName(certificate.subject),
    issuer: formatDistinguishedName(certificate.issuer),
    serialNumber: `0x${certificate.serialNumber}`,
    sha256: certificate.sha256,
    version: certificate.version,
    notBefore: new Date(certificate.notBefore).toISOString(),
    notAfter: new Date(certificate.notAfter).toISOString(),
    key: certificate.publicKeyInfo.name,
    signedWith: certificate.signatureAlgorithm.name,
    certificateAuthority: certificate.basicConstraints?.ca ?? false,
    pathLength: certificate.basicConstraints?.pathLength ?? null,
    keyUsage: certificate.keyUsage ?? null,
    extendedKeyUsage: certificate.extendedKeyUsage?.map(describeUsage) ?? null,
    alternativeNames: certificate.subjectAltNames.map(describeName),
    nameConstraints:
      certificate.nameConstraints === undefined
        ? null
        : {
            permitted: certificate.nameConstraints.permitted.map(describeName),
            excluded: certificate.nameConstraints.excluded.map(describeName),
          },
    policies: certificate.policies === undefined ? null : [...certificate.policies],
    crlAddresses: (certificate.crlDistributionPoints ?? []).flatMap((point) =>
      point.name?.form === 'fullName' ? point.name.names.flatMap(address) : [],
    ),
    ocspAddresses: (certificate.authorityInfoAccess ?? []).flatMap(({ method, location }) =>
      method === '1.3.6.1.5.5.7.48.1' ? address(location) : [],
    ),
    findings: [
      ...findValidity(certificate, at),
      ...findAlgorithms(certificate),
      ...(role === 'leaf' ? findLeafUse(certificate) : findAuthorityUse(certificate)),
      ...findProfile(certificate),
    ],
  };
}

const day = 86_400_000;
const right = (text: string): Finding => ({ kind: 'right', text });
const notice = (text: string): Finding => ({ kind: 'notice', text });
const wrong = (text: string): Finding => ({ kind: 'wrong', text });

function findValidity(certificate: Certificate, at: number): Finding[] {
  const daysLeft = Math.floor((certificate.notAfter - at) / day);
  if (at > certificate.notAfter) return [wrong(`expired ${-daysLeft} day(s) ago: renew it`)];
  if (at < certificate.notBefore)
    return [
      wrong(`not valid for another ${Math.ceil((certificate.notBefore - at) / day)} day(s): wait, or check the clock`),
    ];
  return [
    daysLeft < 30
      ? notice(`valid, but only for ${daysLeft} more day(s): renew it soon`)
      : right(`valid for ${daysLeft} more days`),
  ];
}

function findAlgorithms(certificate: Certificate): Finding[] {
  const key = judgePublicKey(certificate.publicKeyInfo, defaultAlgorithmPolicy);
  const signature = judgeSignatureAlgorithm(certificate.signatureAlgorithm, defaultAlgorithmPolicy);
  return [
    key === undefined
      ? right(`key is strong enough (${certificate.publicKeyInfo.name})`)
      : wrong(
          `key is not accepted: ${key.values['key']}${key.values['allowed'] === undefined ? '' : `, allowed is ${key.values['allowed']}`}`,
        ),
    signature === undefined
      ? right(`signature algorithm is accepted (${certificate.signatureAlgorithm.name})`)
      : wrong(`signature algorithm is not accepted: ${certificate.signatureAlgorithm.name}`),
    ...(certificate.unknownCriticalExtension === undefined
      ? []
      : [
          wrong(`critical extension ${certificate.unknownCriticalExtension} is not known here: have it issued without`),
        ]),
  ];
}

function findLeafUse(certificate: Certificate): Finding[] {
  const usages = certificate.extendedKeyUsage;
  const findings: Finding[] = [];
  if (usages?.includes(extendedKeyUsages.clientAuth) === true)
    findings.push(right('may be used for client authentication'));
  else if (usages === undefined)
    findings.push(
      wrong(
        'has no extended key usage: senders need clientAuth stated; use a private CA, public ones no longer issue it',
      ),
    );
  else
    findings.push(
      wrong(
        `extended key usage lacks clientAuth (${usages.map(describeUsage).join(', ')})${usages.includes(anyExtendedKeyUsage) ? '; "any" does not state it' : ''}: use a private CA, public ones no longer issue it`,
      ),
    );
  if (!certificate.allowsKeyUsage('digitalSignature'))
    findings.push(wrong('key usage lacks digitalSignature, which TLS needs'));
  if (certificate.basicConstraints?.ca === true)
    findings.push(notice('is a CA certificate: senders should not hold one'));
  return findings;
}

function findAuthorityUse(certificate: Certificate): Finding[] {
  if (certificate.basicConstraints?.ca !== true)
    return [
      certificate.version === 3
        ? wrong('is no CA (basic constraints): nothing it issued is accepted')
        : notice('is of a version that cannot say that it is a CA: only good as a trusted root'),
    ];
  return [
    certificate.allowsKeyUsage('keyCertSign')
      ? right('may issue certificates')
      : wrong('may not issue certificates: key usage lacks keyCertSign'),
  ];
}

/** Rules of RFC 5280 section 4 for issuers: no reason to refuse here, but other software may. */
function findProfile(certificate: Certificate): Finding[] {
  const findings: Finding[] = [];
  if (certificate.version !== 3)
    findings.push(notice(`is of version ${certificate.version}; today's certificates are of version 3`));
  if (!certificate.isSelfIssued && certificate.authorityKeyIdentifier?.keyIdentifier === undefined)
    findings.push(notice('lacks the authority key identifier (RFC 5280 4.2.1.1): some software refuses that'));
  if (certificate.basicConstraints?.ca === true && certificate.subjectKeyIdentifier === undefined)
    findings.push(notice('is a CA without a subject key identifier (RFC 5280 4.2.1.2): some software refuses that'));
  if (/^0*$/.test(certificate.serialNumber) || (certificate.serialNumberBytes[0] as number) >= 0x80)
    findings.push(notice('serial number is not positive (RFC 5280 4.1.2.2): some software refuses that'));
  return findings;
}
