import { extensionOids } from '../certificate/decode-extensions.js';
import { explicit } from '../der/der-reader.js';
import { element, encodeSmallInteger, encodeTime, encodeUnsignedInteger, sequence } from '../der/write-der.js';
import { encodeAuthorityKeyIdentifier, type CertificateIssuer } from './issue-certificate.js';
import { encodeName } from './encode-name.js';
import { encodeExtension, signingAlgorithmOf, signStructure } from './sign-structure.js';

/** CRLReason codes of RFC 5280 §5.3.1 by their names there. Holds are not issued here, so nothing is ever taken off again. */
export const reasonCodes = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;
export type ReasonName = keyof typeof reasonCodes;

export interface RevokedEntry {
  /** Hexadecimal, without `0x`. */
  readonly serialNumber: string;
  /** Milliseconds since 1970, as all times here. */
  readonly revokedAt: number;
  readonly reason: ReasonName;
}

export interface CertificateListContent {
  /** cRLNumber: grows with every list of an issuer. */
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: Iterable<RevokedEntry>;
}

const version2 = encodeSmallInteger(1);

/** `unspecified` is left out, as RFC 5280 §5.3.1 asks. */
const reasonExtensions = Object.fromEntries(
  Object.entries(reasonCodes).map(([name, code]) => [
    name,
    code === 0
      ? undefined
      : sequence(encodeExtension(extensionOids.reasonCode, false, Uint8Array.of(0x0a, 0x01, code))),
  ]),
) as Record<ReasonName, Uint8Array | undefined>;

/** A complete CRL (v2) of one issuer, by the profile of RFC 5280 §5. @returns its DER */
export function issueCertificateList(content: CertificateListContent, issuer: CertificateIssuer): Uint8Array {
  const algorithm = signingAlgorithmOf(issuer.privateKey);
  const entries: Uint8Array[] = [];
  for (const { serialNumber, revokedAt, reason } of content.entries) {
    const extensions = reasonExtensions[reason];
    entries.push(
      sequence(
        encodeUnsignedInteger(
          Buffer.from(serialNumber.padStart(serialNumber.length + (serialNumber.length % 2), '0'), 'hex'),
        ),
        encodeTime(revokedAt),
        ...(extensions ? [extensions] : []),
      ),
    );
  }
  const toBeSigned = sequence(
    version2,
    algorithm.identifier,
    encodeName(issuer.name),
    encodeTime(content.thisUpdate),
    encodeTime(content.nextUpdate),
    // RFC 5280 §5.1.2.6: absent, not empty, when nothing is revoked.
    ...(entries.length === 0 ? [] : [concatenated(entries)]),
    element(
      explicit(0),
      sequence(
        encodeAuthorityKeyIdentifier(issuer.publicKey),
        encodeExtension(extensionOids.cRLNumber, false, encodeSmallInteger(content.number)),
      ),
    ),
  );
  return signStructure(toBeSigned, algorithm, issuer.privateKey);
}

/** A SEQUENCE of more elements than a call takes arguments. */
function concatenated(entries: readonly Uint8Array[]): Uint8Array {
  return sequence(Buffer.concat(entries));
}
