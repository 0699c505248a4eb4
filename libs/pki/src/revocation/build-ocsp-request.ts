import { type Certificate } from '../certificate/certificate.js';
import { explicit, tags } from '../der/der-reader.js';
import { element, encodeOid } from '../der/write-der.js';
import { encodeCertificateId, type OcspHash } from './ocsp-certificate-id.js';

export const ocspNonce = '1.3.6.1.5.5.7.48.1.2';

/**
 * An OCSP request for one certificate, to be sent as `application/ocsp-request` (RFC 6960 appendix A).
 * @param input.nonce 1 to 128 octets, 32 advised (RFC 9654 2.1); the caller makes it and gives it to `judgeOcspResponse`
 * @param input.hash default `sha1`, the one that every responder knows (RFC 5019 2.1.1); it only names the certificate
 * @throws {RangeError} if the nonce has another length
 */
export function buildOcspRequest(input: {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  readonly nonce?: Uint8Array;
  readonly hash?: OcspHash;
}): Uint8Array {
  const { certificate, issuer, nonce, hash = 'sha1' } = input;
  if (nonce !== undefined && (nonce.length < 1 || nonce.length > 128))
    throw new RangeError('An OCSP nonce has 1 to 128 octets (RFC 9654); give 32 random ones.');
  const requests = element(tags.sequence, element(tags.sequence, encodeCertificateId(certificate, issuer, hash)));
  const extensions =
    nonce === undefined
      ? []
      : [
          element(
            explicit(2),
            element(
              tags.sequence,
              element(tags.sequence, encodeOid(ocspNonce), element(tags.octetString, element(tags.octetString, nonce))),
            ),
          ),
        ];
  return element(tags.sequence, element(tags.sequence, requests, ...extensions));
}
