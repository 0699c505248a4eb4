import * as asn1js from 'asn1js';
import { parseCertificateList, type CertificateList } from '../revocation/parse-certificate-list.js';
import {
  encode,
  extensionBlock,
  nameBlock,
  signatureAlgorithmBlock,
  signedBlock,
  testTime,
  timeBlock,
  type TestCertificate,
  type TestExtension,
  type TestHash,
  type TestKeyPair,
} from './make-certificate.js';

export interface TestEntry {
  /** Content octets of the serial number. */
  readonly serial: Uint8Array;
  readonly at?: number;
  readonly reason?: number;
  readonly extensions?: readonly TestExtension[];
}

export interface ListContent {
  readonly issuer: TestCertificate;
  readonly signingKey?: TestKeyPair;
  readonly issuerName?: string;
  readonly thisUpdate?: number;
  /** null: left out. */
  readonly nextUpdate?: number | null;
  readonly entries?: readonly TestEntry[];
  readonly number?: number;
  readonly base?: number;
  readonly extensions?: readonly TestExtension[];
  readonly hash?: TestHash;
}

const day = 86_400_000;
const sequence = (...value: asn1js.BaseBlock[]): asn1js.Sequence => new asn1js.Sequence({ value: value as never });

/** Makes a CRL, signed by its issuer's key unless another is given. */
export function makeCertificateList(content: ListContent): Uint8Array {
  const key = content.signingKey ?? content.issuer.key;
  const hash = content.hash ?? 'sha256';
  const entries = (content.entries ?? []).map((entry) => {
    const extensions: TestExtension[] = [
      ...(entry.reason === undefined
        ? []
        : [{ oid: '2.5.29.21', value: new asn1js.Enumerated({ value: entry.reason }) }]),
      ...(entry.extensions ?? []),
    ];
    return sequence(
      new asn1js.Integer({ valueHex: new Uint8Array(entry.serial).buffer }),
      timeBlock(entry.at ?? testTime - day),
      ...(extensions.length === 0 ? [] : [sequence(...extensions.map(extensionBlock))]),
    );
  });
  const extensions: TestExtension[] = [
    { oid: '2.5.29.20', value: new asn1js.Integer({ value: content.number ?? 1 }) },
    ...(content.base === undefined
      ? []
      : [{ oid: '2.5.29.27', critical: true, value: new asn1js.Integer({ value: content.base }) }]),
    ...(content.extensions ?? []),
  ];
  const nextUpdate = content.nextUpdate === undefined ? testTime + 7 * day : content.nextUpdate;
  const tbs = sequence(
    new asn1js.Integer({ value: 1 }),
    signatureAlgorithmBlock(key, hash, false),
    nameBlock(content.issuerName ?? content.issuer.subject),
    timeBlock(content.thisUpdate ?? testTime - day),
    ...(nextUpdate === null ? [] : [timeBlock(nextUpdate)]),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    new asn1js.Constructed({
      idBlock: { tagClass: 3, tagNumber: 0 },
      value: [sequence(...extensions.map(extensionBlock))] as never,
    }),
  );
  return signedBlock(encode(tbs), key, hash, false);
}

/** The same, parsed. */
export const testList = (content: ListContent): CertificateList => parseCertificateList(makeCertificateList(content));
