import {
  decodeSignatureAlgorithm,
  readHashAlgorithm,
  type SignatureAlgorithm,
} from '../algorithm/signature-algorithm.js';
import {
  MalformedCertificate,
  parseCertificate,
  readExtensions,
  type Certificate,
  type Extension,
} from '../certificate/certificate.js';
import { decodeName } from '../certificate/decode-name.js';
import { assertStrictDer, DerReader, explicit, implicit, MalformedDer, tags } from '../der/der-reader.js';
import {
  readEnumerated,
  readGeneralizedTime,
  readIntegerBytes,
  readOctetAlignedBitString,
  readOid,
  readSmallInteger,
} from '../der/decode-value.js';
import { ocspNonce } from './build-ocsp-request.js';
import { ocspHashOids, type OcspCertificateId, type OcspHash } from './ocsp-certificate-id.js';
import { revocationReasons, type CrlReason } from './revoked-certificates.js';

/** Thrown by {@link parseOcspResponse}. */
export class MalformedOcspResponse extends Error {
  readonly code = 'malformed-ocsp';
  constructor(readonly problem: string) {
    super(`The OCSP response is malformed: ${problem}. Ask again, or ask the responder's operator.`);
    this.name = 'MalformedOcspResponse';
  }
}

/** The responder answered that it will not answer (RFC 6960 4.2.1); `status` e.g. `tryLater`. */
export class OcspResponderRefusal extends Error {
  readonly code = 'ocsp-refused';
  constructor(readonly status: string) {
    super(`The OCSP responder answered "${status}". Ask again later, or ask its operator.`);
    this.name = 'OcspResponderRefusal';
  }
}

const statuses = [
  'successful',
  'malformedRequest',
  'internalError',
  'tryLater',
  undefined,
  'sigRequired',
  'unauthorized',
];

export type OcspCertificateStatus =
  | { readonly kind: 'good' }
  | { readonly kind: 'revoked'; readonly revokedAt: number; readonly reason: CrlReason }
  | { readonly kind: 'unknown' };

/** What an answer says of one certificate. Times are epoch milliseconds. */
export interface OcspSingleAnswer {
  readonly id: OcspCertificateId;
  readonly status: OcspCertificateStatus;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
}

/** A successful OCSP response, parsed but not believed yet: see `judgeOcspResponse`. */
export interface OcspAnswer {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  /** Canonical name, or SHA-1 of the key's octets. */
  readonly responder: { readonly nameKey: string } | { readonly keyHash: Uint8Array };
  readonly producedAt: number;
  readonly answers: readonly OcspSingleAnswer[];
  readonly nonce: Uint8Array | undefined;
  readonly unknownCriticalExtension: string | undefined;
  /** Certificates sent along that could be read. */
  readonly certificates: readonly Certificate[];
}

/**
 * Parses an OCSP response (RFC 6960 4.2.1) strictly.
 * @throws {MalformedOcspResponse}
 * @throws {OcspResponderRefusal} if the responder gave an error instead of an answer
 */
export function parseOcspResponse(der: Uint8Array): OcspAnswer {
  try {
    return readResponse(der);
  } catch (error) {
    if (error instanceof MalformedDer) throw new MalformedOcspResponse(error.message);
    throw error;
  }
}

function readResponse(der: Uint8Array): OcspAnswer {
  assertStrictDer(der);
  const outer = new DerReader(der);
  const response = outer.expect(tags.sequence, 'the response').enter();
  outer.finish('the response');
  const status = statuses[readEnumerated(response, 'responseStatus')];
  if (status === undefined) throw new MalformedDer('the responseStatus is unknown');
  if (status !== 'successful') throw new OcspResponderRefusal(status);
  const wrapper = response.expect(explicit(0), 'responseBytes').enter();
  response.finish('the response');
  const bytes = wrapper.expect(tags.sequence, 'responseBytes').enter();
  wrapper.finish('responseBytes');
  if (readOid(bytes, 'responseType') !== '1.3.6.1.5.5.7.48.1.1')
    throw new MalformedDer('the responseType is not id-pkix-ocsp-basic');
  const basic = bytes.expect(tags.octetString, 'the basic response').content();
  bytes.finish('responseBytes');
  return readBasicResponse(der, basic);
}

function readBasicResponse(der: Uint8Array, basic: Uint8Array): OcspAnswer {
  assertStrictDer(basic);
  const outer = new DerReader(basic);
  const response = outer.expect(tags.sequence, 'the basic response').enter();
  outer.finish('the basic response');
  const data = response.expect(tags.sequence, 'tbsResponseData').enter();
  const tbs = response.element();
  const signatureAlgorithm = decodeSignatureAlgorithm(response.expect(tags.sequence, 'signatureAlgorithm').element());
  const signature = readOctetAlignedBitString(response, 'the signature');
  const certificates: Certificate[] = [];
  if (response.optional(explicit(0))) {
    const wrapper = response.enter();
    const list = wrapper.expect(tags.sequence, 'certs').enter();
    wrapper.finish('certs');
    while (!list.atEnd) {
      if (certificates.length >= 16) throw new MalformedDer('more than 16 certificates are sent along');
      const certificate = tryParse(list.expect(tags.sequence, 'a certificate').element());
      if (certificate !== undefined) certificates.push(certificate);
    }
  }
  response.finish('the basic response');

  if (data.optional(explicit(0))) {
    const version = data.enter();
    readSmallInteger(version, 'version');
    throw new MalformedDer('the version is written although it is the default, or unknown');
  }
  const responder = readResponder(data);
  const producedAt = readGeneralizedTime(data, 'producedAt');
  const list = data.expect(tags.sequence, 'responses').enter();
  const answers: OcspSingleAnswer[] = [];
  let unknownCriticalExtension: string | undefined;
  while (!list.atEnd) {
    const single = readSingle(list.expect(tags.sequence, 'a response').enter());
    answers.push(single.answer);
    unknownCriticalExtension ??= single.extensions.find((extension) => extension.critical)?.oid;
  }
  const extensions = data.optional(explicit(1)) ? readExtensions(data.enter(), 'the OCSP response') : [];
  data.finish('tbsResponseData');
  let nonce: Uint8Array | undefined;
  for (const { oid, critical, value } of extensions) {
    if (oid === ocspNonce) {
      const reader = new DerReader(value);
      nonce = reader.expect(tags.octetString, 'the nonce').content();
      reader.finish('the nonce');
    } else if (critical) unknownCriticalExtension ??= oid;
  }
  return {
    der,
    tbs,
    signatureAlgorithm,
    signature,
    responder,
    producedAt,
    answers,
    nonce,
    unknownCriticalExtension,
    certificates,
  };
}

/** Certificates sent along are only offers: one that cannot be read is no help. */
function tryParse(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof MalformedCertificate) return undefined;
    throw error;
  }
}

function readResponder(data: DerReader): OcspAnswer['responder'] {
  if (data.optional(explicit(1))) {
    const wrapper = data.enter();
    const name = decodeName(wrapper.expect(tags.sequence, 'the responder name').element());
    wrapper.finish('the responder name');
    return { nameKey: name.key };
  }
  const wrapper = data.expect(explicit(2), 'responderID').enter();
  const keyHash = wrapper.expect(tags.octetString, 'the responder key hash').content();
  wrapper.finish('the responder key hash');
  return { keyHash };
}

function readSingle(single: DerReader): { answer: OcspSingleAnswer; extensions: Extension[] } {
  const id = readCertificateId(single.expect(tags.sequence, 'certID').enter());
  const status = readStatus(single);
  const thisUpdate = readGeneralizedTime(single, 'thisUpdate');
  let nextUpdate: number | undefined;
  if (single.optional(explicit(0))) {
    const wrapper = single.enter();
    nextUpdate = readGeneralizedTime(wrapper, 'nextUpdate');
    wrapper.finish('nextUpdate');
  }
  const extensions = single.optional(explicit(1)) ? readExtensions(single.enter(), 'a response') : [];
  single.finish('a response');
  return { answer: { id, status, thisUpdate, nextUpdate }, extensions };
}

const hashNames = new Set<string>(Object.keys(ocspHashOids));

function readCertificateId(id: DerReader): OcspCertificateId {
  const hash = readHashAlgorithm(id.expect(tags.sequence, 'the hash algorithm').enter());
  const issuerNameHash = id.expect(tags.octetString, 'issuerNameHash').content();
  const issuerKeyHash = id.expect(tags.octetString, 'issuerKeyHash').content();
  const serialNumber = readIntegerBytes(id, 'serialNumber');
  id.finish('certID');
  return {
    hash: hash !== undefined && hashNames.has(hash) ? (hash as OcspHash) : undefined,
    issuerNameHash,
    issuerKeyHash,
    serialNumber,
  };
}

function readStatus(single: DerReader): OcspCertificateStatus {
  for (const [tag, kind] of [
    [implicit(0), 'good'],
    [implicit(2), 'unknown'],
  ] as const) {
    if (!single.optional(tag)) continue;
    if (single.contentEnd !== single.contentStart) throw new MalformedDer('a certStatus is a NULL with content');
    return { kind };
  }
  const revoked = single.expect(explicit(1), 'certStatus').enter();
  const revokedAt = readGeneralizedTime(revoked, 'revocationTime');
  let reason: CrlReason = 'unspecified';
  if (revoked.optional(explicit(0))) {
    const wrapper = revoked.enter();
    const named = revocationReasons[readEnumerated(wrapper, 'revocationReason')];
    if (named === undefined) throw new MalformedDer('the revocationReason is none of RFC 5280');
    reason = named;
    wrapper.finish('revocationReason');
  }
  revoked.finish('certStatus');
  return { kind: 'revoked', revokedAt, reason };
}
