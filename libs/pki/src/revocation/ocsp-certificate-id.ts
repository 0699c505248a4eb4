import { hash } from 'node:crypto';
import { sameBytes, type Certificate } from '../certificate/certificate.js';
import { DerReader, tags } from '../der/der-reader.js';
import { readOctetAlignedBitString } from '../der/decode-value.js';
import { element, encodeOid } from '../der/write-der.js';

/** Hashes that may name a certificate in OCSP. SHA-1 only names here, it protects nothing (RFC 6960 4.3). */
export type OcspHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export const ocspHashOids: Readonly<Record<OcspHash, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

/** CertID of RFC 6960 4.1.1. */
export interface OcspCertificateId {
  /** undefined: a hash that is not known here; such an id matches nothing. */
  readonly hash: OcspHash | undefined;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Content octets of the serial number. */
  readonly serialNumber: Uint8Array;
}

/** The octets of the subjectPublicKey BIT STRING, which OCSP hashes. */
export function publicKeyOctets(certificate: Certificate): Uint8Array {
  const info = new DerReader(certificate.spki).expect(tags.sequence, 'the public key').enter();
  info.next();
  return readOctetAlignedBitString(info, 'the public key');
}

/** Whether an id names this certificate, issued by this issuer: name, key and serial number must all fit. */
export function namesCertificate(id: OcspCertificateId, certificate: Certificate, issuer: Certificate): boolean {
  if (id.hash === undefined || !sameBytes(id.serialNumber, certificate.serialNumberBytes)) return false;
  // The issuer may write its own name with other string types than the certificate does; RFC 6960 hashes the certificate's.
  return (
    sameBytes(hash(id.hash, certificate.issuerDer, 'buffer'), id.issuerNameHash) &&
    sameBytes(hash(id.hash, publicKeyOctets(issuer), 'buffer'), id.issuerKeyHash)
  );
}

/** CertID in DER. */
export function encodeCertificateId(certificate: Certificate, issuer: Certificate, hashName: OcspHash): Uint8Array {
  return element(
    tags.sequence,
    element(tags.sequence, encodeOid(ocspHashOids[hashName]), element(tags.null)),
    element(tags.octetString, hash(hashName, certificate.issuerDer, 'buffer')),
    element(tags.octetString, hash(hashName, publicKeyOctets(issuer), 'buffer')),
    element(tags.integer, certificate.serialNumberBytes),
  );
}
