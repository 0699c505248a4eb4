import { parseCertificate } from '@sluice/pki';
import { makeCertificate, signedBlock, testKey, type TestCertificate } from '@sluice/pki/testing';
import { createHash, randomBytes } from 'node:crypto';
import { makePartner, unseenChain } from '../verifiers/make-chains.js';

const day = 86_400_000;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const keyKind = 'P-256';
const serialBytes = 16;
const nameLetters = 12;

/** A sender's certificate as it stands in the database, and as a load balancer passes it on. */
export interface SenderCertificate {
  readonly der: Buffer;
  /** Hex, of the DER. */
  readonly sha256: string;
  /** Hex. */
  readonly serialNumber: string;
  readonly subject: string;
}

/** Certificates of senders of one partner: leaf, issuing CA, root. All leaves share one key pair. */
export class SenderCertificates {
  readonly #partner = makePartner('Million', keyKind);
  /** What a leaf's signature is about, between the places where its serial number and its name stand. */
  readonly #template: Buffer;
  readonly #serialAt: number;
  readonly #nameAt: number;

  constructor() {
    const leaf = Buffer.from(unseenChain(this.#partner, keyKind).leaf, 'base64');
    this.#template = firstInside(leaf);
    const { serialNumber } = parseCertificate(leaf);
    this.#serialAt = this.#template.indexOf(Buffer.from(serialNumber, 'hex'));
    this.#nameAt = this.#template.indexOf('sender ') + 'sender '.length;
    if (this.#serialAt < 0) throw new Error('The serial number of the pattern was not found in it.');
  }

  get root(): Uint8Array {
    return this.#partner.root.der;
  }

  /** What is sent beside each leaf. */
  get issuing(): Uint8Array {
    return this.#partner.issuing.der;
  }

  /** Only what differs is written anew: encoding each certificate would take twenty times as long as signing it. */
  make(): SenderCertificate {
    const signed = Buffer.from(this.#template);
    const serial = randomBytes(serialBytes);
    // Positive, and of no fewer octets.
    serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
    serial.copy(signed, this.#serialAt);
    const name = randomBytes(nameLetters / 2).toString('hex');
    signed.write(name, this.#nameAt, 'latin1');
    const der = Buffer.from(signedBlock(signed, this.#partner.issuing.key, 'sha256', false));
    return {
      der,
      sha256: createHash('sha256').update(der).digest('hex'),
      serialNumber: serial.toString('hex'),
      subject: `CN=sender ${name},O=Bench`,
    };
  }
}

/** The certificate of a load balancer, with the CA that issued it and issues to nobody else. */
export function makeLoadBalancer(): { readonly ca: TestCertificate; readonly certificate: TestCertificate } {
  const validity = { notBefore: Date.now() - day, notAfter: Date.now() + 30 * day };
  const ca = makeCertificate({ subject: 'CN=Bench proxies', ca: true, key: testKey(keyKind, 'proxies'), ...validity });
  const certificate = makeCertificate({
    subject: 'CN=bench proxy',
    issuer: ca,
    key: testKey(keyKind, 'proxy'),
    extendedKeyUsage: [clientAuth],
    ...validity,
  });
  return { ca, certificate };
}

/** The first element of a SEQUENCE in DER whose lengths take two octets each, as those of these certificates do. */
function firstInside(der: Buffer): Buffer {
  if (der[1] !== 0x82 || der[5] !== 0x82) throw new Error('The pattern is of another length than certificates have.');
  return der.subarray(4, 8 + der.readUInt16BE(6));
}
