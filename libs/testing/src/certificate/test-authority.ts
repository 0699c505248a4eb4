import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { isIP } from 'node:net';
import {
  importPrivateKey,
  importPublicKey,
  sha256Hex,
  signingAlgorithm,
  testKey,
  type TestKey,
  type TestKeyType,
} from './test-key.js';

const hour = 3_600_000;
const day = 24 * hour;

export type KeyUsage = keyof typeof x509.KeyUsageFlags;
export type ExtendedKeyUsage = keyof typeof x509.ExtendedKeyUsage;

export interface TestCertificateOptions {
  /** RFC 4514, the most specific part first, without escapes: `CN=shop,O=Example`. */
  readonly subject: string;
  /** Default: an hour ago. */
  readonly notBefore?: Date;
  /** Default: a year from now. */
  readonly notAfter?: Date;
  /** Hexadecimal; random by default. */
  readonly serialNumber?: string;
  readonly keyType?: TestKeyType;
  /** Instead of a new key: several certificates with one key. */
  readonly key?: TestKey;
  /** Default: what the kind of certificate needs. Empty: the extension is left out. */
  readonly keyUsage?: readonly KeyUsage[];
  /** Default of a leaf: `clientAuth`; of a CA: none. Empty: the extension is left out. */
  readonly extendedKeyUsage?: readonly ExtendedKeyUsage[];
  /** DNS names, IP addresses, e-mail addresses and URIs; what each is follows from its form. */
  readonly subjectAltNames?: readonly string[];
}

export interface TestAuthorityOptions extends TestCertificateOptions {
  /** CAs allowed below this one and above the leaf; no limit when absent. */
  readonly pathLength?: number;
}

export interface TestCertificateListOptions {
  /** Serial numbers in hexadecimal. */
  readonly revoked?: readonly string[];
  /** Default: an hour ago. */
  readonly thisUpdate?: Date;
  /** Default: a day from now. */
  readonly nextUpdate?: Date;
  /** Instead of the CA's own key: a forgery. */
  readonly signedWith?: TestKey;
}

/** A certificate made for a test, with its key. */
export class TestCertificate {
  readonly sha256: string;
  readonly pem: string;

  constructor(
    readonly der: Uint8Array,
    readonly key: TestKey,
    readonly subject: string,
    readonly serialNumber: string,
    /** Undefined for a root. */
    readonly issuer: TestCertificate | undefined,
  ) {
    this.sha256 = sha256Hex(der);
    this.pem = encodePem(der);
  }

  /** Itself first, its root last. */
  get chain(): readonly TestCertificate[] {
    return this.issuer ? [this, ...this.issuer.chain] : [this];
  }

  /** The whole chain in PEM, root included, as a sender sends it. */
  get chainPem(): string {
    return this.chain.map(({ pem }) => pem).join('');
  }

  get root(): TestCertificate {
    return this.issuer?.root ?? this;
  }
}

/** A CA of a test, independent of the code that issues certificates in the product. */
export class TestAuthority {
  private constructor(readonly certificate: TestCertificate) {}

  static async root(options: TestAuthorityOptions): Promise<TestAuthority> {
    return new TestAuthority(await issue(options, authorityDefaults, undefined));
  }

  /** Whoever has this certificate's key issues with it, CA or not: for chains that must be refused. */
  static of(certificate: TestCertificate): TestAuthority {
    return new TestAuthority(certificate);
  }

  /** A CA below this one. */
  async intermediate(options: TestAuthorityOptions): Promise<TestAuthority> {
    return new TestAuthority(await issue(options, authorityDefaults, this.certificate));
  }

  leaf(options: TestCertificateOptions): Promise<TestCertificate> {
    return issue(options, leafDefaults, this.certificate);
  }

  /** A CRL of this CA in DER (RFC 5280 §5). */
  async certificateList(options: TestCertificateListOptions): Promise<Uint8Array> {
    const { key, subject } = this.certificate;
    const list = await x509.X509CrlGenerator.create(
      {
        issuer: encodingOrder(subject),
        thisUpdate: options.thisUpdate ?? new Date(Date.now() - hour),
        nextUpdate: options.nextUpdate ?? new Date(Date.now() + day),
        signingKey: await importPrivateKey(options.signedWith ?? key),
        signingAlgorithm: signingAlgorithm((options.signedWith ?? key).type),
        entries: (options.revoked ?? []).map((serialNumber) => ({
          serialNumber,
          revocationDate: new Date(Date.now() - hour),
          reason: x509.X509CrlReason.keyCompromise,
        })),
      },
      crypto,
    );
    return new Uint8Array(list.rawData);
  }

  /** PEM of the CA certificate. */
  get pem(): string {
    return this.certificate.pem;
  }
}

/** A leaf that signed itself. */
export function selfSigned(options: TestCertificateOptions): Promise<TestCertificate> {
  return issue(options, leafDefaults, undefined);
}

interface Defaults {
  readonly ca: boolean;
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
}

const authorityDefaults: Defaults = { ca: true, keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [] };
const leafDefaults: Defaults = { ca: false, keyUsage: ['digitalSignature'], extendedKeyUsage: ['clientAuth'] };

async function issue(
  options: TestAuthorityOptions,
  defaults: Defaults,
  issuer: TestCertificate | undefined,
): Promise<TestCertificate> {
  const key = options.key ?? testKey(options.keyType);
  const signer = issuer?.key ?? key;
  const serialNumber = options.serialNumber ?? randomSerialNumber();
  const publicKey = await importPublicKey(key);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: encodingOrder(options.subject),
      issuer: encodingOrder(issuer?.subject ?? options.subject),
      serialNumber,
      notBefore: options.notBefore ?? new Date(Date.now() - hour),
      notAfter: options.notAfter ?? new Date(Date.now() + 365 * day),
      publicKey,
      signingKey: await importPrivateKey(signer),
      signingAlgorithm: signingAlgorithm(signer.type),
      extensions: [
        new x509.BasicConstraintsExtension(defaults.ca, defaults.ca ? options.pathLength : undefined, true),
        ...usageExtensions(options, defaults),
        ...nameExtensions(options.subjectAltNames ?? []),
        await x509.SubjectKeyIdentifierExtension.create(publicKey, false, crypto),
        await x509.AuthorityKeyIdentifierExtension.create(await importPublicKey(signer), false, crypto),
      ],
    },
    crypto,
  );
  return new TestCertificate(new Uint8Array(certificate.rawData), key, options.subject, serialNumber, issuer);
}

function usageExtensions(options: TestCertificateOptions, defaults: Defaults): x509.Extension[] {
  const keyUsage = options.keyUsage ?? defaults.keyUsage;
  const extended = options.extendedKeyUsage ?? defaults.extendedKeyUsage;
  return [
    ...(keyUsage.length === 0
      ? []
      : [
          new x509.KeyUsagesExtension(
            keyUsage.reduce((bits, name) => bits | x509.KeyUsageFlags[name], 0),
            true,
          ),
        ]),
    ...(extended.length === 0
      ? []
      : [new x509.ExtendedKeyUsageExtension(extended.map((name) => x509.ExtendedKeyUsage[name]))]),
  ];
}

function nameExtensions(names: readonly string[]): x509.Extension[] {
  if (names.length === 0) return [];
  const typeOf = (name: string): x509.JsonGeneralName['type'] =>
    isIP(name) ? 'ip' : name.includes('://') ? 'url' : name.includes('@') ? 'email' : 'dns';
  return [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: typeOf(value), value })))];
}

/** RFC 4514 writes a name in the reverse of its encoding. */
function encodingOrder(name: string): x509.JsonName {
  if (/[\\+"]/.test(name)) throw new Error(`Names of test certificates are written without escapes: ${name}`);
  return name
    .split(',')
    .reverse()
    .map((part) => {
      const [type, value] = part.trim().split('=', 2);
      if (!type || value === undefined) throw new Error(`Not a name: ${name}`);
      return { [type]: [value] };
    });
}

/** Positive and of 16 bytes, whose first is never zero: the encoding is as long every time. */
function randomSerialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

function encodePem(der: Uint8Array): string {
  const base64 = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}
