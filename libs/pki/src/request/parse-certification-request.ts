import { hash, createPublicKey, type KeyObject } from 'node:crypto';
import type { DistinguishedName } from '@sluice/domain';
import { decodePublicKeyInfo, type PublicKeyInfo } from '../algorithm/public-key-info.js';
import { decodeSignatureAlgorithm, type SignatureAlgorithm } from '../algorithm/signature-algorithm.js';
import { readExtensions, type Extension } from '../certificate/certificate.js';
import { decodeNameAnew } from '../certificate/decode-name.js';
import { assertStrictDer, DerReader, MalformedDer, tags } from '../der/der-reader.js';
import { readOctetAlignedBitString, readOid, readSmallInteger } from '../der/decode-value.js';
import { decodePemBlocks, MalformedPem } from '../pem/decode-pem.js';

/** Thrown when the bytes are no PKCS#10 request of strict DER. */
export class MalformedCertificationRequest extends Error {
  readonly code = 'malformed';
  constructor(readonly problem: string) {
    super(`The certification request is malformed: ${problem}. Make it again, for example with openssl req -new.`);
    this.name = 'MalformedCertificationRequest';
  }
}

/** A PKCS#10 certification request (RFC 2986). What it claims is not yet proven: see `judgeCertificationRequest`. */
export interface CertificationRequest {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly info: Uint8Array;
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
  /** Lower-case hex of its hash. */
  readonly spkiSha256: string;
  readonly publicKeyInfo: PublicKeyInfo;
  readonly publicKey: KeyObject;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  /** Of the attribute extensionRequest (RFC 2985 §5.4.2). */
  readonly requestedExtensions: readonly Extension[];
}

const extensionRequest = '1.2.840.113549.1.9.14';
const attributesTag = 0xa0;
/** Far more than any request needs; nothing longer is looked at. */
const longest = 16 * 1024;

/**
 * The one request of a PEM text, in any of the forms PEM arrives in.
 * @throws {MalformedPem} if there is none, more than one, or something else, a private key say
 */
export function decodeCertificationRequestPem(pem: string): Uint8Array {
  const blocks = decodePemBlocks(pem);
  const [block] = blocks;
  if (!block || blocks.length > 1)
    throw new MalformedPem(`The text holds ${blocks.length} PEM blocks where one CERTIFICATE REQUEST is wanted.`);
  if (block.label !== 'CERTIFICATE REQUEST' && block.label !== 'NEW CERTIFICATE REQUEST')
    throw new MalformedPem(`The text holds a ${block.label} where a CERTIFICATE REQUEST is wanted.`);
  return block.der;
}

/** @throws {MalformedCertificationRequest} */
export function parseCertificationRequest(der: Uint8Array): CertificationRequest {
  try {
    return parse(der);
  } catch (error) {
    if (error instanceof MalformedDer) throw new MalformedCertificationRequest(error.message);
    throw error;
  }
}

function parse(der: Uint8Array): CertificationRequest {
  if (der.length > longest) throw new MalformedDer(`it has more than ${longest} octets`);
  const outer = new DerReader(der);
  const request = outer.expect(tags.sequence, 'the request').enter();
  outer.finish('the request');
  assertStrictDer(der);
  const fields = request.expect(tags.sequence, 'certificationRequestInfo').enter();
  const info = request.element();
  const signatureAlgorithm = decodeSignatureAlgorithm(request.expect(tags.sequence, 'signatureAlgorithm').element());
  const signature = readOctetAlignedBitString(request, 'the signature');
  request.finish('the request');
  if (readSmallInteger(fields, 'version') !== 0) throw new MalformedDer('its version is not 1');
  const { name: subject } = decodeNameAnew(fields.expect(tags.sequence, 'subject').element());
  const spki = fields.expect(tags.sequence, 'subjectPublicKeyInfo').element();
  const publicKeyInfo = decodePublicKeyInfo(spki);
  fields.expect(attributesTag, 'attributes');
  const requestedExtensions = readAttributes(fields.enter());
  fields.finish('certificationRequestInfo');
  return {
    der,
    info,
    subject,
    spki,
    spkiSha256: hash('sha256', spki, 'hex'),
    publicKeyInfo,
    publicKey: makePublicKey(spki),
    signatureAlgorithm,
    signature,
    requestedExtensions,
  };
}

function readAttributes(attributes: DerReader): Extension[] {
  let extensions: Extension[] | undefined;
  while (!attributes.atEnd) {
    const attribute = attributes.expect(tags.sequence, 'an attribute').enter();
    const type = readOid(attribute, 'an attribute');
    const values = attribute.expect(tags.set, 'the values of an attribute').enter();
    attribute.finish('an attribute');
    if (type !== extensionRequest) continue;
    if (extensions) throw new MalformedDer('extensionRequest stands in it twice');
    extensions = readExtensions(values, 'the request');
  }
  return extensions ?? [];
}

function makePublicKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    // OpenSSL's reason is about its own insides.
    throw new MalformedDer('its public key cannot be read; an elliptic point must be on its curve');
  }
}
