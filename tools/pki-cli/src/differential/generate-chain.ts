import {
  encode,
  generalName,
  makeCertificate,
  makeCertificateList,
  testKey,
  testTime,
  type CertificateContent,
  type TestCertificate,
  type TestKeyKind,
} from '@sluice/pki/testing';
import { type SeededRandom } from '../seeded-random.js';

/** A chain with at most one fault, and the CRLs that belong to it. */
export interface GeneratedChain {
  readonly fault: string;
  readonly roots: readonly Uint8Array[];
  readonly pool: readonly Uint8Array[];
  readonly leaf: Uint8Array;
  /** Undefined: revocation is not checked. */
  readonly crls: readonly Uint8Array[] | undefined;
  readonly explicitPolicy: string | undefined;
}

type Content = { -readonly [Key in keyof CertificateContent]?: CertificateContent[Key] };

interface Draft {
  readonly root: Content;
  readonly authorities: Content[];
  readonly leaf: Content;
  readonly random: SeededRandom;
  crls?: 'all' | 'revoked leaf' | 'revoked CA' | 'expired' | 'missing' | 'forged' | 'future';
  explicitPolicy?: string;
  omitted?: boolean;
  otherRoot?: boolean;
}

const day = 86_400_000;
const clientAuth = '1.3.6.1.5.5.7.3.2';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const unknownCritical = { oid: '1.2.3.4.5', critical: true, value: Uint8Array.of(5, 0) };

const lastAuthority = (draft: Draft): Content => draft.authorities.at(-1) as Content;
const someAuthority = (draft: Draft): Content => draft.random.pick(draft.authorities);

/** One fault each, or a feature that is no fault: the names are those of the report. */
export const faults: Readonly<Record<string, (draft: Draft) => void>> = {
  none: () => undefined,
  'expired leaf': ({ leaf }) => void (leaf.notAfter = testTime - 1000),
  'leaf not valid yet': ({ leaf }) => void (leaf.notBefore = testTime + 1000),
  'leaf valid to the second': ({ leaf }) =>
    void Object.assign(leaf, { notBefore: testTime, notAfter: testTime + 1000 }),
  'expired CA': (draft) => void (someAuthority(draft).notAfter = testTime - 1000),
  'expired root': ({ root }) => void (root.notAfter = testTime - 1000),
  'forged leaf signature': ({ leaf }) => void (leaf.signingKey = testKey('P-256', 'forger')),
  'forged CA signature': (draft) => void (someAuthority(draft).signingKey = testKey('P-256', 'forger')),
  'other issuer name': ({ leaf }) => void (leaf.issuerName = 'CN=Somebody else'),
  'issuer name in other letters': (draft) =>
    void (draft.leaf.issuerName = String(lastAuthority(draft).subject).toUpperCase().replace(/ /g, '  ')),
  'missing intermediate': (draft) => void (draft.omitted = true),
  'untrusted root': (draft) => void (draft.otherRoot = true),
  'CA flag false': (draft) =>
    void Object.assign(someAuthority(draft), {
      ca: false,
      keyUsage: [5, 6],
      extensions: [{ oid: '2.5.29.19', critical: true, value: Uint8Array.of(0x30, 0) }],
    }),
  'no basic constraints': (draft) => void (someAuthority(draft).omitBasicConstraints = true),
  'no keyCertSign': (draft) => void (someAuthority(draft).keyUsage = [0, 6]),
  'no key usage in CA': (draft) => void (someAuthority(draft).keyUsage = []),
  'version 1 CA': (draft) => void (someAuthority(draft).version = 1),
  'version 1 leaf': ({ leaf }) => void (leaf.version = 1),
  'path length exceeded': (draft) =>
    void ((draft.authorities.length > 1 ? (draft.authorities[0] as Content) : draft.root).pathLength =
      draft.authorities.length > 1 ? draft.authorities.length - 2 : 0),
  'path length just enough': (draft) => void (draft.root.pathLength = draft.authorities.length),
  'unknown critical extension in leaf': ({ leaf }) => void (leaf.extensions = [unknownCritical]),
  'unknown critical extension in CA': (draft) => void (someAuthority(draft).extensions = [unknownCritical]),
  'unknown extension': ({ leaf }) => void (leaf.extensions = [{ ...unknownCritical, critical: false }]),
  'server authentication only': ({ leaf }) => void (leaf.extendedKeyUsage = [serverAuth]),
  'e-mail protection only': ({ leaf }) => void (leaf.extendedKeyUsage = ['1.3.6.1.5.5.7.3.4']),
  'any extended key usage': ({ leaf }) => void (leaf.extendedKeyUsage = ['2.5.29.37.0']),
  'several extended key usages': ({ leaf }) => void (leaf.extendedKeyUsage = [serverAuth, clientAuth]),
  'CA for servers': (draft) => void (someAuthority(draft).extendedKeyUsage = [serverAuth]),
  'CA for clients': (draft) => void (someAuthority(draft).extendedKeyUsage = [clientAuth]),
  'leaf cannot sign': ({ leaf }) => void (leaf.keyUsage = [2]),
  'DNS name outside': (draft) => names(draft, { permitted: ['dns:example.com'] }, ['dns:a.example.org']),
  'DNS name inside': (draft) => names(draft, { permitted: ['dns:example.com'] }, ['dns:a.example.com']),
  'second DNS name outside': (draft) =>
    names(draft, { permitted: ['dns:example.com'] }, ['dns:a.example.com', 'dns:b.example.org']),
  'DNS name excluded': (draft) => names(draft, { excluded: ['dns:example.com'] }, ['dns:a.example.com']),
  'DNS name not excluded': (draft) => names(draft, { excluded: ['dns:example.com'] }, ['dns:badexample.com']),
  'address outside': (draft) => names(draft, { permitted: ['ip:10.0.0.0/8'] }, ['ip:11.1.1.1']),
  'address inside': (draft) => names(draft, { permitted: ['ip:10.0.0.0/8'] }, ['ip:10.1.1.1']),
  'address excluded': (draft) => names(draft, { excluded: ['ip:2001:db8::/32'] }, ['ip:2001:db8::1']),
  'mailbox outside': (draft) => names(draft, { permitted: ['email:example.com'] }, ['email:a@example.org']),
  'mailbox inside': (draft) => names(draft, { permitted: ['email:example.com'] }, ['email:a@example.com']),
  'URI outside': (draft) => names(draft, { permitted: ['uri:example.com'] }, ['uri:https://example.org/x']),
  'URI inside': (draft) => names(draft, { permitted: ['uri:example.com'] }, ['uri:https://example.com/x']),
  'subject outside': (draft) => names(draft, { permitted: ['dir:O=Nobody'] }, ['dns:a.example.com']),
  'subject inside': (draft) =>
    names(
      draft,
      {
        permitted: [
          `dir:${String(draft.leaf.subject)}`,
          ...draft.authorities.map((authority) => `dir:${String(authority.subject)}`),
        ],
      },
      ['dns:a.example.com'],
    ),
  'subject excluded': (draft) =>
    names(draft, { excluded: [`dir:${String(draft.leaf.subject)}`] }, ['dns:a.example.com']),
  'registered ID under constraint': (draft) => names(draft, { permitted: ['rid:1.2.3'] }, ['rid:1.2.3.4']),
  'SHA-1 signature on leaf': ({ leaf }) => void (leaf.hash = 'sha1'),
  'SHA-1 signature on CA': (draft) => void (someAuthority(draft).hash = 'sha1'),
  'short RSA key in leaf': ({ leaf }) => void (leaf.keyKind = 'rsa-1024'),
  'short RSA key in CA': (draft) => void (someAuthority(draft).keyKind = 'rsa-1024'),
  'policy required and kept': (draft) => policies(draft, ['1.2.3.4'], ['1.2.3.4']),
  'policy required and lost': (draft) => policies(draft, ['1.2.3.4'], ['1.2.3.5']),
  'policy required and absent': (draft) => policies(draft, undefined, undefined),
  'any policy in CAs': (draft) => policies(draft, ['2.5.29.32.0'], ['1.2.3.4']),
  'policy inhibited': (draft) => {
    policies(draft, ['1.2.3.4'], ['2.5.29.32.0']);
    lastAuthority(draft).inhibitAnyPolicy = 0;
  },
  'policy mapped': (draft) => {
    policies(draft, ['1.2.3.4'], ['1.2.3.9']);
    lastAuthority(draft).policyMappings = [['1.2.3.4', '1.2.3.9']];
  },
  'policy mapping inhibited': (draft) => {
    policies(draft, ['1.2.3.4'], ['1.2.3.9']);
    Object.assign(lastAuthority(draft), { policyMappings: [['1.2.3.4', '1.2.3.9']] });
    if (draft.authorities.length > 1) (draft.authorities[0] as Content).inhibitPolicyMapping = 0;
    else draft.root.inhibitPolicyMapping = 0;
  },
  'required policy in leaf': ({ leaf }) => void (leaf.requireExplicitPolicy = 0),
  'no key identifiers': ({ leaf }) => void (leaf.omitKeyIdentifiers = true),
  'no key identifiers in CA': (draft) => void (someAuthority(draft).omitKeyIdentifiers = true),
  'extension twice': ({ leaf }) => void (leaf.extensions = [{ oid: '2.5.29.15', value: Uint8Array.of(3, 2, 7, 0x80) }]),
  'malformed SAN': ({ leaf }) =>
    void (leaf.extensions = [{ oid: '2.5.29.17', value: Uint8Array.of(0x44, 0x4e, 0x53) }]),
  'empty SAN': ({ leaf }) => void (leaf.extensions = [{ oid: '2.5.29.17', value: Uint8Array.of(0x30, 0) }]),
  'empty extended key usage': ({ leaf }) =>
    void Object.assign(leaf, {
      extendedKeyUsage: undefined,
      extensions: [{ oid: '2.5.29.37', value: Uint8Array.of(0x30, 0) }],
    }),
  'serial number of 21 octets': ({ leaf }) => void (leaf.serial = new Uint8Array(21).fill(0x55)),
  'negative serial number': ({ leaf }) => void (leaf.serial = Uint8Array.of(0x80, 1)),
  'CA as leaf': ({ leaf }) => void Object.assign(leaf, { ca: true, keyUsage: [0, 5, 6] }),
  'name constraints in leaf': ({ leaf }) => void (leaf.permitted = ['dns:example.com']),
  'name constraints not critical': (draft) =>
    void (someAuthority(draft).extensions = [{ oid: '2.5.29.30', value: encodeConstraints('dns:example.com') }]),
  'empty subject': ({ leaf }) => void Object.assign(leaf, { subject: '', subjectAltNames: ['dns:a.example.com'] }),
  'CRLs in order': (draft) => void (draft.crls = 'all'),
  'leaf revoked': (draft) => void (draft.crls = 'revoked leaf'),
  'CA revoked': (draft) => void (draft.crls = 'revoked CA'),
  'CRL expired': (draft) => void (draft.crls = 'expired'),
  'CRL not valid yet': (draft) => void (draft.crls = 'future'),
  'CRL missing': (draft) => void (draft.crls = 'missing'),
  'CRL forged': (draft) => void (draft.crls = 'forged'),
};

function names(
  draft: Draft,
  constraints: Pick<Content, 'permitted' | 'excluded'>,
  subjectAltNames: readonly string[],
): void {
  Object.assign(draft.authorities[0] as Content, constraints);
  Object.assign(draft.leaf, { subjectAltNames });
}

function policies(draft: Draft, authorities: readonly string[] | undefined, leaf: readonly string[] | undefined): void {
  draft.explicitPolicy = '1.2.3.4';
  for (const authority of draft.authorities) Object.assign(authority, authorities && { policies: authorities });
  Object.assign(draft.leaf, leaf && { policies: leaf });
}

/** NameConstraints with one permitted subtree, for an extension that is not marked critical. */
function encodeConstraints(name: string): Uint8Array {
  const base = encode(generalName(name));
  const wrap = (tag: number, content: Uint8Array): Uint8Array => Uint8Array.of(tag, content.length, ...content);
  return wrap(0x30, wrap(0xa0, wrap(0x30, base)));
}

const keyKinds: readonly TestKeyKind[] = ['P-256', 'P-256', 'P-256', 'P-384', 'ed25519', 'rsa-2048'];

/** Makes the chain of a fault: 1 to 3 CAs below a root, keys of all kinds. */
export function generateChain(fault: string, random: SeededRandom): GeneratedChain {
  const key = (role: string): Pick<Content, 'key'> => ({ key: testKey(random.pick(keyKinds), role) });
  const count = 1 + random.below(3);
  const draft: Draft = {
    root: { subject: 'CN=Root,O=Example,C=DE', ca: true, ...key('root') },
    authorities: Array.from({ length: count }, (_, index) => ({
      subject: `CN=Issuing CA ${index},O=Example,C=DE`,
      ca: true,
      ...key(`ca ${index}`),
    })),
    leaf: { subject: 'CN=sender,O=Example,C=DE', extendedKeyUsage: [clientAuth], ...key('leaf') },
    random,
  };
  faults[fault]?.(draft);
  const make = (content: Content, issuer?: TestCertificate): TestCertificate => {
    const { key: pair, keyKind, ...rest } = content;
    return makeCertificate({
      subject: 'CN=unnamed',
      ...rest,
      ...(keyKind === undefined ? pair && { key: pair } : { key: testKey(keyKind, String(content.subject)) }),
      ...(issuer && { issuer }),
    });
  };
  const root = make(draft.root);
  const authorities: TestCertificate[] = [];
  for (const content of draft.authorities) authorities.push(make(content, authorities.at(-1) ?? root));
  const leaf = make(draft.leaf, authorities.at(-1) ?? root);
  const pool = draft.omitted === true ? authorities.slice(0, -1) : authorities;
  const roots = draft.otherRoot === true ? [make({ ...draft.root, subject: 'CN=Other Root' })] : [root];
  return {
    fault,
    roots: roots.map((each) => each.der),
    pool: pool.map((each) => each.der),
    leaf: leaf.der,
    crls: makeLists(draft, root, authorities, leaf),
    explicitPolicy: draft.explicitPolicy,
  };
}

function makeLists(
  draft: Draft,
  root: TestCertificate,
  authorities: readonly TestCertificate[],
  leaf: TestCertificate,
): Uint8Array[] | undefined {
  const { crls } = draft;
  if (crls === undefined) return undefined;
  const issuers = [root, ...authorities];
  return issuers.flatMap((issuer, index) => {
    const last = index === issuers.length - 1;
    const below = last ? leaf : (authorities[index] as TestCertificate);
    const listed = crls === 'revoked leaf' ? last : crls === 'revoked CA' && index === 0;
    if (crls === 'missing' && last) return [];
    return [
      makeCertificateList({
        issuer,
        ...(listed && { entries: [{ serial: below.certificate.serialNumberBytes, reason: 1 }] }),
        ...(crls === 'expired' && last && { nextUpdate: testTime - 1000 }),
        ...(crls === 'future' && last && { thisUpdate: testTime + day }),
        ...(crls === 'forged' && last && { signingKey: testKey('P-256', 'forger') }),
        extensions: [{ oid: '2.5.29.35', value: authorityKeyIdentifier(issuer) }],
      }),
    ];
  });
}

/** The identifier that certificates of the test factory carry, so that OpenSSL finds the issuer. */
function authorityKeyIdentifier(issuer: TestCertificate): Uint8Array {
  const identifier = issuer.certificate.subjectKeyIdentifier ?? new Uint8Array(20);
  return Uint8Array.of(0x30, identifier.length + 2, 0x80, identifier.length, ...identifier);
}
