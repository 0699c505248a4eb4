import { hash } from 'node:crypto';
import * as asn1js from 'asn1js';
import { publicKeyOctets } from '../revocation/ocsp-certificate-id.js';
import {
  encode,
  extensionBlock,
  nameBlock,
  raw,
  signedBlock,
  testTime,
  type TestCertificate,
  type TestExtension,
  type TestHash,
  type TestKeyPair,
} from './make-certificate.js';

export interface OcspContent {
  readonly certificate: TestCertificate;
  readonly issuer: TestCertificate;
  /** Who answers; default the issuer. */
  readonly responder?: TestCertificate;
  readonly signingKey?: TestKeyPair;
  readonly byKey?: boolean;
  readonly status?: 'good' | 'revoked' | 'unknown';
  readonly serial?: Uint8Array;
  readonly idHash?: 'sha1' | 'sha256';
  readonly thisUpdate?: number;
  /** null: left out. */
  readonly nextUpdate?: number | null;
  readonly certificates?: readonly TestCertificate[];
  readonly nonce?: Uint8Array;
  readonly extensions?: readonly TestExtension[];
  readonly hash?: TestHash;
}

const day = 86_400_000;
const sequence = (...value: asn1js.BaseBlock[]): asn1js.Sequence => new asn1js.Sequence({ value: value as never });
const tagged = (number: number, ...value: asn1js.BaseBlock[]): asn1js.Constructed =>
  new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: number }, value: value as never });
const octets = (bytes: Uint8Array): asn1js.OctetString =>
  new asn1js.OctetString({ valueHex: new Uint8Array(bytes).buffer });
const time = (value: number): asn1js.GeneralizedTime => new asn1js.GeneralizedTime({ valueDate: new Date(value) });
const hashOids = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' };

/** Makes an OCSP response, signed by the responder's key unless another is given. */
export function makeOcspResponse(content: OcspContent): Uint8Array {
  const { certificate, issuer, idHash = 'sha1' } = content;
  const responder = content.responder ?? issuer;
  const key = content.signingKey ?? responder.key;
  const digest = (bytes: Uint8Array): asn1js.OctetString => octets(hash(idHash, bytes, 'buffer'));
  const status = {
    good: new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 0 } }),
    unknown: new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 2 } }),
    revoked: tagged(1, time(testTime - day), tagged(0, new asn1js.Enumerated({ value: 1 }))),
  }[content.status ?? 'good'];
  const nextUpdate = content.nextUpdate === undefined ? testTime + day : content.nextUpdate;
  const single = sequence(
    sequence(
      sequence(new asn1js.ObjectIdentifier({ value: hashOids[idHash] }), new asn1js.Null()),
      digest(certificate.certificate.issuerDer),
      digest(publicKeyOctets(issuer.certificate)),
      new asn1js.Integer({
        valueHex: new Uint8Array(content.serial ?? certificate.certificate.serialNumberBytes).buffer,
      }),
    ),
    status,
    time(content.thisUpdate ?? testTime - 3_600_000),
    ...(nextUpdate === null ? [] : [tagged(0, time(nextUpdate))]),
  );
  const extensions: TestExtension[] = [
    ...(content.nonce === undefined ? [] : [{ oid: '1.3.6.1.5.5.7.48.1.2', value: octets(content.nonce) }]),
    ...(content.extensions ?? []),
  ];
  const tbs = encode(
    sequence(
      content.byKey === true
        ? tagged(2, octets(hash('sha1', publicKeyOctets(responder.certificate), 'buffer')))
        : tagged(1, nameBlock(responder.subject)),
      time(content.thisUpdate ?? testTime - 3_600_000),
      sequence(single),
      ...(extensions.length === 0 ? [] : [tagged(1, sequence(...extensions.map(extensionBlock)))]),
    ),
  );
  const signed = raw(signedBlock(tbs, key, content.hash ?? 'sha256', false)) as asn1js.Sequence;
  if (content.certificates)
    signed.valueBlock.value.push(tagged(0, sequence(...content.certificates.map((each) => raw(each.der)))) as never);
  return encode(
    sequence(
      new asn1js.Enumerated({ value: 0 }),
      tagged(0, sequence(new asn1js.ObjectIdentifier({ value: '1.3.6.1.5.5.7.48.1.1' }), octets(encode(signed)))),
    ),
  );
}
