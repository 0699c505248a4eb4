import { describe, expect, it } from '@jest/globals';
import { formatDistinguishedName } from '@sluice/domain';
import { makeCertificate } from '../testing/make-certificate.js';
import { bytesOf, hexElement, hexSequence, hexText } from '../testing/hex.js';
import { MalformedCertificate, type Certificate } from './certificate.js';
import { describeGeneralName, type GeneralName } from './decode-general-name.js';

const root = makeCertificate({ subject: 'CN=Root', ca: true });
/** A certificate with one extension of these octets, signed like any other. */
const holding = (oid: string, hex: string, critical = false): Certificate =>
  makeCertificate({
    subject: 'CN=a',
    issuer: root,
    keyUsage: [],
    omitKeyIdentifiers: true,
    extensions: [{ oid, critical, value: bytesOf(hex) }],
  }).certificate;

const subjectAltName = '2.5.29.17';
const issuerAltName = '2.5.29.18';
const basicConstraints = '2.5.29.19';
const nameConstraints = '2.5.29.30';
const distributionPoints = '2.5.29.31';
const certificatePolicies = '2.5.29.32';
const policyMappings = '2.5.29.33';
const authorityKeyIdentifier = '2.5.29.35';
const policyConstraints = '2.5.29.36';
const extKeyUsage = '2.5.29.37';
const freshestCrl = '2.5.29.46';
const inhibitAnyPolicy = '2.5.29.54';
const authorityInfoAccess = '1.3.6.1.5.5.7.1.1';

const dns = hexText('82', 'a.example');
const commonName = (text: string): string => hexSequence('0603550403', hexText('0c', text));

describe('attack 22: an extension that breaks RFC 5280', () => {
  it.each<[string, string, string, RegExp]>([
    [
      'a subtree with a minimum, which cannot be honoured (4.2.1.10)',
      nameConstraints,
      hexSequence(hexElement('a0', hexSequence(dns, '800101'))),
      /minimum that is not 0/,
    ],
    [
      'a subtree with a maximum (4.2.1.10)',
      nameConstraints,
      hexSequence(hexElement('a0', hexSequence(dns, '810105'))),
      /a subtree of nameConstraints/,
    ],
    ['an empty list of permitted subtrees', nameConstraints, hexSequence('a000'), /empty list of subtrees/],
    [
      'an address constraint whose mask has a gap',
      nameConstraints,
      hexSequence(hexElement('a0', hexSequence(hexElement('87', '0a000000ff00ff00')))),
      /mask with a gap/,
    ],
    [
      'a mailbox constraint with two at signs',
      nameConstraints,
      hexSequence(hexElement('a1', hexSequence(hexText('81', 'a@b@c')))),
      /two at signs/,
    ],
    [
      'a policy with no qualifier in its list of them',
      certificatePolicies,
      hexSequence(hexSequence('06022a03', '3000')),
      /policyQualifiers is empty/,
    ],
    ['no policy', certificatePolicies, '3000', /certificatePolicies is empty/],
    ['no policy mapping', policyMappings, '3000', /policyMappings is empty/],
    ['policy constraints that constrain nothing (4.2.1.11)', policyConstraints, '3000', /policyConstraints is empty/],
    ['a negative skip count', inhibitAnyPolicy, '0201ff', /inhibitAnyPolicy is negative/],
    [
      'the issuer of an authority key without its serial number (4.2.1.1)',
      authorityKeyIdentifier,
      hexSequence(hexElement('a1', dns)),
      /issuer without a serial number/,
    ],
    [
      'the serial number of an authority key without its issuer (4.2.1.1)',
      authorityKeyIdentifier,
      hexSequence('820105'),
      /or the other way round/,
    ],
    [
      'the serial number of an authority key that is not in its shortest form',
      authorityKeyIdentifier,
      hexSequence(hexElement('a1', dns), '82020005'),
      /not in its shortest form/,
    ],
    [
      'a distribution point of reasons alone (4.2.1.13)',
      distributionPoints,
      hexSequence(hexSequence('81020780')),
      /neither itself nor a cRLIssuer/,
    ],
    ['no distribution point', distributionPoints, '3000', /cRLDistributionPoints is empty/],
    [
      'a distribution point with an empty name',
      distributionPoints,
      hexSequence(hexSequence(hexElement('a0', 'a000'))),
      /a distribution point name is empty/,
    ],
    [
      'a distribution point named by an empty RDN',
      distributionPoints,
      hexSequence(hexSequence(hexElement('a0', 'a100'))),
      /relative distinguished name is empty/,
    ],
    ['a freshest CRL nowhere', freshestCrl, '3000', /is empty/],
    ['no access description', authorityInfoAccess, '3000', /authorityInfoAccess is empty/],
    [
      'an access description with something behind its location',
      authorityInfoAccess,
      hexSequence(hexSequence('06022a03', dns, '0500')),
      /an access description/,
    ],
    ['an empty issuerAltName', issuerAltName, '3000', /is empty/],
    ['a general name of a form that there is not', subjectAltName, hexSequence('890100'), /unknown tag 0x89/],
    ['a BOOLEAN that is neither 00 nor FF', basicConstraints, hexSequence('010101'), /cA is no DER BOOLEAN/],
    ['a BOOLEAN of two octets', basicConstraints, hexSequence('0102ffff'), /cA is no DER BOOLEAN/],
    ['a key usage whose unused bits are set', '2.5.29.15', '03020781', /unused bits that are set/],
    ['a key usage with nine unused bits', '2.5.29.15', '03020980', /impossible count of unused bits/],
    ['a key usage that is an empty BIT STRING', '2.5.29.15', '0300', /empty BIT STRING/],
    ['an OBJECT IDENTIFIER whose arc has a leading 80', extKeyUsage, hexSequence('06032a8001'), /shortest form/],
    ['an OBJECT IDENTIFIER cut in an arc', extKeyUsage, hexSequence('06022a81'), /no OBJECT IDENTIFIER/],
    [
      'an OBJECT IDENTIFIER of 65 octets',
      extKeyUsage,
      hexSequence(hexElement('06', '2a'.repeat(65))),
      /more than 64 octets/,
    ],
  ])('is refused: %s', (_what, oid, hex, problem) => {
    expect(() => holding(oid, hex)).toThrow(MalformedCertificate);
    expect(() => holding(oid, hex)).toThrow(problem);
  });
});

describe('an extension', () => {
  it('names the issuer of the authority key and its serial number', () => {
    const { authorityKeyIdentifier: read } = holding(
      authorityKeyIdentifier,
      hexSequence('8002abcd', hexElement('a1', dns), '820105'),
    );
    expect(read).toEqual({
      keyIdentifier: bytesOf('abcd'),
      authorityCertIssuer: [{ form: 'dNSName', value: 'a.example' }],
      authorityCertSerialNumber: bytesOf('05'),
    });
  });

  it('names a distribution point by an RDN below the CRL issuer’s name', () => {
    const point = hexSequence(hexSequence(hexElement('a0', hexElement('a1', commonName('list 7')))));
    for (const { crlDistributionPoints, freshestCrl: freshest } of [
      holding(distributionPoints, point),
      holding(freshestCrl, point),
    ])
      expect((crlDistributionPoints ?? freshest)?.map(({ name }) => name)).toEqual([
        {
          form: 'nameRelativeToCRLIssuer',
          rdn: [{ type: '2.5.4.3', value: 'list 7', form: 'text' }],
        },
      ]);
  });

  it('says where the issuer’s certificate and its OCSP responder are', () => {
    const ocsp = hexSequence('06082b06010505073001', hexText('86', 'http://ocsp.example'));
    const issuers = hexSequence('06082b06010505073002', hexText('86', 'http://ca.example/ca.crt'));
    const { authorityInfoAccess: read, unknownCriticalExtension } = holding(
      authorityInfoAccess,
      hexSequence(ocsp, issuers),
    );
    expect(read).toEqual([
      {
        method: '1.3.6.1.5.5.7.48.1',
        location: { form: 'uniformResourceIdentifier', value: 'http://ocsp.example' },
      },
      {
        method: '1.3.6.1.5.5.7.48.2',
        location: { form: 'uniformResourceIdentifier', value: 'http://ca.example/ca.crt' },
      },
    ]);
    expect(unknownCriticalExtension).toBeUndefined();
  });

  it.each([
    ['authorityInfoAccess', authorityInfoAccess, hexSequence(hexSequence('06022a03', dns))],
    ['issuerAltName', issuerAltName, hexSequence(dns)],
    ['authorityKeyIdentifier', authorityKeyIdentifier, hexSequence('8001ab')],
    [
      'a policy with a qualifier nobody knows',
      certificatePolicies,
      hexSequence(hexSequence('06022a03', hexSequence(hexSequence('06022a04', '0500')))),
    ],
  ])('that nothing here processes makes the certificate unusable once it is critical: %s', (_what, oid, hex) => {
    expect(holding(oid, hex).unknownCriticalExtension).toBeUndefined();
    expect(holding(oid, hex, true).unknownCriticalExtension).toContain(oid);
  });

  it('takes the qualifiers of RFC 5280 4.2.1.4 even when it is critical', () => {
    const cps = hexSequence('06082b06010505070201', hexText('16', 'http://cps.example'));
    const read = holding(certificatePolicies, hexSequence(hexSequence('06022a03', hexSequence(cps))), true);
    expect(read.unknownCriticalExtension).toBeUndefined();
    expect(read.policies).toEqual(new Set(['1.2.3']));
  });

  it('means no limit by a number that fits in nothing', () => {
    expect(holding(inhibitAnyPolicy, '02047fffffff').inhibitAnyPolicy).toBe(0x7fffffff);
    expect(holding(inhibitAnyPolicy, '02050100000000').inhibitAnyPolicy).toBe(0x7fffffff);
  });

  it.each([
    ['2.25.329800735698586629295641978511506172918', hexElement('06', '6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776')],
    ['2.4294967297', hexElement('06', '9080808051')],
    ['2.999.1', hexElement('06', '883701')],
    ['1.2.840.113549', hexElement('06', '2a864886f70d')],
  ])('holds the OBJECT IDENTIFIER %s', (dotted, hex) => {
    expect(holding(extKeyUsage, hexSequence(hex)).extendedKeyUsage).toEqual([dotted]);
  });
});

describe('a general name in a sentence', () => {
  it.each<[string, string]>([
    ['DNS:a.example', dns],
    ['email:b@example.com', hexText('81', 'b@example.com')],
    ['URI:https://a.example/\\n', hexText('86', 'https://a.example/\n')],
    ['IP:192.0.2.1', hexElement('87', 'c0000201')],
    ['IP:2001:db8:0:0:0:0:0:1', hexElement('87', '20010db8000000000000000000000001')],
    ['DirName:CN=Other', hexElement('a4', hexSequence(hexElement('31', commonName('Other'))))],
    ['registeredID:1.2.3', '88022a03'],
    ['otherName:1.2.3', hexElement('a0', '06022a03', hexElement('a0', '0500'))],
    ['x400Address', hexElement('a3', '3000')],
    ['ediPartyName', hexElement('a5', hexElement('a1', hexText('0c', 'x')))],
  ])('is %s', (sentence, hex) => {
    const [name] = holding(subjectAltName, hexSequence(hex)).subjectAltNames ?? [];
    expect(describeGeneralName(name as GeneralName, (decoded) => formatDistinguishedName(decoded.name))).toBe(sentence);
  });

  it.each([
    ['IP:10.0.0.0/8', '0a000000ff000000'],
    ['IP:2001:db8:0:0:0:0:0:0/32', `20010db8${'0'.repeat(24)}ffffffff${'0'.repeat(24)}`],
  ])('is %s in a constraint', (sentence, hex) => {
    const { nameConstraints: read } = holding(
      nameConstraints,
      hexSequence(hexElement('a0', hexSequence(hexElement('87', hex)))),
    );
    expect(describeGeneralName(read?.permitted[0] as GeneralName, () => '')).toBe(sentence);
  });
});
