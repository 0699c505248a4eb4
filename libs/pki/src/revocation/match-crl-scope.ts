import { sameBytes, type Certificate } from '../certificate/certificate.js';
import {
  allReasons,
  rdnKey,
  type DistributionPoint,
  type DistributionPointName,
  type ReasonMask,
} from '../certificate/decode-extensions.js';
import { type GeneralName } from '../certificate/decode-general-name.js';
import { type CertificateList } from './parse-certificate-list.js';

/**
 * Whether a complete CRL covers a certificate through one of its distribution points: RFC 5280 6.3.3 (b) and (d).
 * Returns the reasons covered, or why not.
 * @param point undefined stands for the point synthesized from the certificate's issuer (end of 6.3.3)
 */
export function matchCrlScope(
  list: CertificateList,
  certificate: Certificate,
  point: DistributionPoint | undefined,
): ReasonMask | string {
  const idp = list.issuingDistributionPoint;
  if (point?.crlIssuer !== undefined) {
    if (!directoryKeys(point.crlIssuer).includes(list.issuerKey))
      return 'its issuer is not the cRLIssuer of the distribution point';
    if (idp?.indirectCRL !== true) return 'it is not an indirect CRL although another issuer is named for it';
  } else if (list.issuerKey !== certificate.issuerKey) return 'it is of another issuer';
  if (idp === undefined) return (point?.reasons ?? allReasons) & allReasons;
  if (idp.name !== undefined) {
    const covered = nameKeys(idp.name, list.issuerKey);
    const wanted = wantedKeys(certificate, point);
    if (!covered.some((key) => wanted.includes(key))) return 'it covers another distribution point';
  }
  const isCa = certificate.basicConstraints?.ca === true;
  if (idp.onlyContainsUserCerts && isCa) return 'it covers no CA certificates';
  if (idp.onlyContainsCACerts && !isCa) return 'it covers CA certificates only';
  if (idp.onlyContainsAttributeCerts) return 'it covers attribute certificates only';
  return allReasons & (point?.reasons ?? allReasons) & (idp.onlySomeReasons ?? allReasons);
}

/** Names under which the certificate's distribution point may be meant: its own, else its cRLIssuer, else the issuer. */
function wantedKeys(certificate: Certificate, point: DistributionPoint | undefined): string[] {
  if (point === undefined) return [directoryKey(certificate.issuerKey)];
  if (point.name === undefined) return (point.crlIssuer ?? []).map(generalNameKey);
  const [crlIssuer] = directoryKeys(point.crlIssuer ?? []);
  return nameKeys(point.name, crlIssuer ?? certificate.issuerKey);
}

function nameKeys(name: DistributionPointName, crlIssuerKey: string): string[] {
  return name.form === 'fullName' ? name.names.map(generalNameKey) : [directoryKey(crlIssuerKey + rdnKey(name.rdn))];
}

/** Forms whose value is not decoded equal nothing, not even themselves. */
let incomparable = 0;

const directoryKey = (nameKey: string): string => `directoryName ${nameKey}`;

function directoryKeys(names: readonly GeneralName[]): string[] {
  return names.flatMap((name) => (name.form === 'directoryName' ? [name.name.key] : []));
}

/** A key under which two general names are the same name. */
function generalNameKey(name: GeneralName): string {
  switch (name.form) {
    case 'directoryName':
      return directoryKey(name.name.key);
    case 'dNSName':
      return `dNSName ${name.value.toLowerCase()}`;
    case 'rfc822Name':
    case 'uniformResourceIdentifier':
    case 'registeredID':
      return `${name.form} ${name.value}`;
    case 'iPAddress':
      return `iPAddress ${name.address.join('.')}`;
    case 'otherName':
      return `otherName ${name.type} ${name.value.join('.')}`;
    default:
      return `${name.form} ${++incomparable}`;
  }
}

/** Whether a delta CRL updates a complete one: RFC 5280 6.3.3 (c) and 5.2.4. */
export function isDeltaFor(delta: CertificateList, complete: CertificateList): boolean {
  const { baseCrlNumber, crlNumber } = delta;
  if (baseCrlNumber === undefined || complete.isDelta || delta.issuerKey !== complete.issuerKey) return false;
  if (
    complete.crlNumber === undefined ||
    crlNumber === undefined ||
    complete.crlNumber < baseCrlNumber ||
    complete.crlNumber >= crlNumber
  )
    return false;
  if (!sameScope(delta, complete)) return false;
  const [deltaKey, completeKey] = [
    delta.authorityKeyIdentifier?.keyIdentifier,
    complete.authorityKeyIdentifier?.keyIdentifier,
  ];
  return deltaKey === undefined || completeKey === undefined
    ? deltaKey === completeKey
    : sameBytes(deltaKey, completeKey);
}

function sameScope(a: CertificateList, b: CertificateList): boolean {
  const [x, y] = [a.issuingDistributionPoint, b.issuingDistributionPoint];
  if (x === undefined || y === undefined) return x === y;
  const names = (idp: typeof x, list: CertificateList): string =>
    idp.name === undefined ? '' : nameKeys(idp.name, list.issuerKey).sort().join('\n');
  return (
    names(x, a) === names(y, b) &&
    x.onlyContainsUserCerts === y.onlyContainsUserCerts &&
    x.onlyContainsCACerts === y.onlyContainsCACerts &&
    x.onlyContainsAttributeCerts === y.onlyContainsAttributeCerts &&
    x.indirectCRL === y.indirectCRL &&
    x.onlySomeReasons === y.onlySomeReasons
  );
}
