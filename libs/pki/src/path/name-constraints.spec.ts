import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { makeCertificate, testTime } from '../testing/make-certificate.js';
import { judgePath } from './judge-path.js';
import { trustAnchor } from './trust-anchor.js';

const root = makeCertificate({ subject: 'CN=Root', ca: true });

interface Names {
  readonly permitted?: readonly string[];
  readonly excluded?: readonly string[];
  readonly subject?: string;
  readonly names?: readonly string[];
}

const authorities = new Map<string, ReturnType<typeof makeCertificate>>();

/** Made once for the same constraints. */
function authority(permitted?: readonly string[], excluded?: readonly string[]) {
  const key = JSON.stringify([permitted, excluded]);
  const made =
    authorities.get(key) ??
    makeCertificate({
      subject: 'CN=CA',
      issuer: root,
      ca: true,
      ...(permitted && { permitted }),
      ...(excluded && { excluded }),
    });
  authorities.set(key, made);
  return made;
}

/** The verdict on a leaf with these names below a CA with these constraints. */
function outcome({ permitted, excluded, subject = '', names }: Names): string {
  const ca = authority(permitted, excluded);
  const leaf = makeCertificate({ subject, issuer: ca, ...(names && { subjectAltNames: names }) });
  const judgement = judgePath({
    leaf: leaf.certificate,
    intermediates: [ca.certificate],
    anchors: [trustAnchor(root.certificate)],
    at: testTime,
  });
  return judgement.valid ? 'valid' : judgement.refusal.code;
}

const refusals = ['name-constraint-violated', 'unsupported-name-constraint'];

const [host, longLabel] = ['example.com', 'a'.repeat(64)];
const malformedHosts = [
  '',
  '.',
  ` ${host}`,
  `a b.${host}`,
  `a..${host}`,
  `.${host}`,
  `${host}.`,
  `${host}..`,
  `${host}/`,
  `${host}:443`,
  `-.${host}`,
  `a-.${host}`,
  `-a.${host}`,
  `${longLabel}.${host}`,
  `${'a.'.repeat(125)}${host}`,
  `a\t.${host}`,
  `a@${host}`,
  `a*.${host}`,
  `*a.${host}`,
  `*.*.${host}`,
  `a.*.${host}`,
  '*',
  '10.0.0.1',
  `a.${host}.1`,
  '0x7f000001',
];
const malformedMailboxes = [
  '',
  '@',
  host,
  `@${host}`,
  `a@`,
  `a@b@${host}`,
  `a@@${host}`,
  `"a@evil.example"@${host}`,
  `evil.example@a@${host}`,
  `a@${host}@`,
  `a b@${host}`,
  `.a@${host}`,
  `a.@${host}`,
  `a..b@${host}`,
  `"a@${host}`,
  `"a"b@${host}`,
  `a\\b@${host}`,
  `<a@${host}>`,
  `a@*.${host}`,
  `a@${host},b`,
  `a@ ${host}`,
  `a@[10.0.0.999999]`,
  ...malformedHosts.filter((written) => written !== '').map((written) => `a@${written}`),
];
const malformedUris = [
  '',
  host,
  `//${host}/`,
  'https:',
  'https://',
  'https:///path',
  `https:${host}`,
  'urn:example.com',
  'mailto:a@example.com',
  `https://a@b@${host}/`,
  `https://${host}\\@evil.example/`,
  `https://evil.example\\.${host}/`,
  `https://${host}:x/`,
  `https://${host}/a b`,
  `https://%65xample.com/`,
  'https://10.0.0.1/',
  'https://[::1]/',
  'https://0x7f.1/',
  ...malformedHosts
    .filter((written) => !['', `${host}.`, `${host}/`, `${host}:443`, `a@${host}`].includes(written))
    .map((written) => `https://${written}/`),
];

describe('attack 21: name constraints', () => {
  it.each<[string, Names]>([
    ['a host itself', { permitted: ['dns:example.com'], names: ['dns:example.com'] }],
    ['a host below', { permitted: ['dns:example.com'], names: ['dns:a.b.Example.COM'] }],
    [
      'names of a form without constraints',
      { permitted: ['dns:example.com'], names: ['ip:192.0.2.1', 'email:a@elsewhere.example'] },
    ],
    ['a host outside an exclusion that ends alike', { excluded: ['dns:example.com'], names: ['dns:badexample.com'] }],
    ['a wildcard inside', { permitted: ['dns:example.com'], names: ['dns:*.example.com'] }],
    ['everything, by an empty constraint', { permitted: ['dns:'], names: ['dns:a.example'] }],
    ['a host below a constraint written with a dot', { permitted: ['dns:.example.com'], names: ['dns:a.example.com'] }],
    ['an address in the network', { permitted: ['ip:10.0.0.0/8'], names: ['ip:10.255.0.1'] }],
    ['an IPv6 address in the network', { permitted: ['ip:2001:db8::/32'], names: ['ip:2001:db8:1::1'] }],
    ['one mailbox', { permitted: ['email:a@example.com'], names: ['email:a@EXAMPLE.com'] }],
    ['mailboxes of a host', { permitted: ['email:example.com'], names: ['email:a@example.com'] }],
    ['mailboxes below a domain', { permitted: ['email:.example.com'], names: ['email:a@b.example.com'] }],
    ['URIs of a host', { permitted: ['uri:example.com'], names: ['uri:https://user@example.com:8443/x'] }],
    ['URIs below a domain', { permitted: ['uri:.example.com'], names: ['uri:https://a.example.com'] }],
    ['subjects below a name', { permitted: ['dir:O=Example,C=DE'], subject: 'CN=a,O=EXAMPLE,C=DE' }],
    [
      'one of several permitted',
      { permitted: ['dns:a.example', 'dns:b.example'], names: ['dns:b.example', 'dns:a.example'] },
    ],
    ['an empty subject, which is no name', { permitted: ['dir:O=Example'], names: ['dns:a.example'] }],
    ['an otherName of another type than the constrained', { permitted: ['other:1.2.3'], names: ['other:1.2.4'] }],
  ])('permits %s', (_what, names) => {
    expect(outcome(names)).toBe('valid');
  });

  it.each<[string, Names]>([
    ['a host outside', { permitted: ['dns:example.com'], names: ['dns:example.org'] }],
    ['a host that only ends alike', { permitted: ['dns:example.com'], names: ['dns:badexample.com'] }],
    [
      'a bad SAN behind a good one',
      { permitted: ['dns:example.com'], names: ['dns:a.example.com', 'dns:evil.example'] },
    ],
    [
      'an excluded host, though permitted as well',
      { permitted: ['dns:example.com'], excluded: ['dns:a.example.com'], names: ['dns:x.a.example.com'] },
    ],
    ['an excluded host in other letters', { excluded: ['dns:example.com'], names: ['dns:EXAMPLE.com'] }],
    ['an excluded host with a trailing dot', { excluded: ['dns:example.com'], names: ['dns:example.com.'] }],
    ['a host excluded with a leading dot', { excluded: ['dns:.example.com'], names: ['dns:example.com'] }],
    [
      'the host itself where only what is below is permitted',
      { permitted: ['dns:.example.com'], names: ['dns:example.com'] },
    ],
    [
      'a wildcard that can stand for an excluded host',
      { excluded: ['dns:bar.example.com'], names: ['dns:*.example.com'] },
    ],
    ['a wildcard wider than what is permitted', { permitted: ['dns:foo.example.com'], names: ['dns:*.example.com'] }],
    ['everything, by an empty exclusion', { excluded: ['dns:'], names: ['dns:a.example'] }],
    ['a host with a NUL in it', { permitted: ['dns:example.com'], names: ['dns:evil\0.example.com'] }],
    ['a host with a comma in it', { permitted: ['dns:example.com'], names: ['dns:evil.example,x.example.com'] }],
    ['an address outside', { permitted: ['ip:10.0.0.0/8'], names: ['ip:11.0.0.1'] }],
    ['an IPv6 address where only IPv4 is permitted', { permitted: ['ip:0.0.0.0/0'], names: ['ip:::1'] }],
    ['an excluded address', { excluded: ['ip:192.0.2.0/24'], names: ['ip:192.0.2.77'] }],
    ['another mailbox', { permitted: ['email:a@example.com'], names: ['email:b@example.com'] }],
    ['a mailbox in other letters', { permitted: ['email:a@example.com'], names: ['email:A@example.com'] }],
    ['an excluded mailbox in other letters', { excluded: ['email:a@example.com'], names: ['email:A@example.com'] }],
    ['a mailbox below a host', { permitted: ['email:example.com'], names: ['email:a@b.example.com'] }],
    ['a mailbox of the domain itself', { permitted: ['email:.example.com'], names: ['email:a@example.com'] }],
    ['an address without an at sign', { permitted: ['email:example.com'], names: ['email:example.com'] }],
    [
      'a bad address in the subject beside a good SAN',
      { permitted: ['email:example.com'], subject: 'emailAddress=a@evil.example', names: ['email:a@example.com'] },
    ],
    [
      'an internationalized mailbox outside',
      { permitted: ['email:example.com'], names: ['utf8mailbox:ü@evil.example'] },
    ],
    ['a URI outside', { permitted: ['uri:example.com'], names: ['uri:https://example.org/'] }],
    [
      'a URI whose user looks like the host',
      { permitted: ['uri:example.com'], names: ['uri:https://example.com@evil.example/'] },
    ],
    ['a URI without a host', { permitted: ['uri:example.com'], names: ['uri:urn:x:example.com'] }],
    ['a URI with an address for a host', { excluded: ['uri:example.com'], names: ['uri:https://192.0.2.1/'] }],
    ['a subject outside', { permitted: ['dir:O=Example,C=DE'], subject: 'CN=a,O=Other,C=DE' }],
    [
      'a subject that hides the constraint in one value',
      { permitted: ['dir:O=Example,C=DE'], subject: 'CN=a\\,O\\=Example,C=DE' },
    ],
    ['a subject with RDNs in another order', { permitted: ['dir:O=Example,C=DE'], subject: 'CN=a,C=DE,O=Example' }],
    ['an excluded subject', { excluded: ['dir:O=Example'], subject: 'CN=a,O=example' }],
    ['a directory name in a SAN', { permitted: ['dir:O=Example'], subject: 'O=Example', names: ['dir:O=Other'] }],
    ['a registered ID under a constraint on such', { permitted: ['rid:1.2.3'], names: ['rid:1.2.3'] }],
    ['an otherName under a constraint on its type', { excluded: ['other:1.2.3'], names: ['other:1.2.3'] }],
  ])('refuses %s', (_what, names) => {
    expect(refusals).toContain(outcome(names));
  });

  describe.each<[string, string, readonly string[]]>([
    ['dns', `dns:${host}`, malformedHosts],
    ['email', `email:${host}`, malformedMailboxes],
    ['uri', `uri:${host}`, malformedUris],
  ])('a malformed name of the form %s', (form, constraint, malformed) => {
    it.each(malformed)(
      '%j satisfies no constraint of its form, be it the widest or one that excludes another',
      (name) => {
        const names = [`${form}:${name}`];
        for (const constraints of [
          { permitted: [constraint] },
          { permitted: [`${form}:.${host}`] },
          { permitted: [`${form}:`] },
          { excluded: [`${form}:elsewhere.example`] },
        ])
          expect(refusals).toContain(outcome({ ...constraints, names }));
      },
    );

    it('does no harm where no constraint is of its form', () => {
      const other = form === 'dns' ? 'email:example.org' : 'dns:example.org';
      for (const name of malformed) expect(outcome({ permitted: [other], names: [`${form}:${name}`] })).toBe('valid');
    });
  });

  it.each([
    ['permitted', 'dns:*.example.com', 'dns:a.example.com'],
    ['excluded', 'dns:*.example.com', 'dns:a.example.com'],
    ['excluded', 'dns:example.com ', 'dns:example.com'],
    ['excluded', 'dns:example..com', 'dns:example.com'],
    ['excluded', 'email:@example.com', 'email:a@example.com'],
    ['excluded', 'email:<a@example.com>', 'email:a@example.com'],
    ['excluded', 'uri:https://example.com', 'uri:https://example.com/'],
    ['excluded', 'uri:10.0.0.1', 'uri:https://example.com/'],
  ])('lets no name pass a constraint that is malformed itself: %s %s', (list, constraint, name) => {
    expect(outcome({ [list]: [constraint], names: [name] })).toBe('unsupported-name-constraint');
  });

  it('takes the quotation of a local part for what it means, so that it neither evades nor misses a constraint', () => {
    expect(outcome({ permitted: ['email:a@example.com'], names: ['email:"\\a"@example.com'] })).toBe('valid');
    expect(outcome({ excluded: ['email:a@example.com'], names: ['email:"a"@example.com'] })).toBe(
      'name-constraint-violated',
    );
  });

  it('lets no name pass, whatever it is made of, but those that are a well-formed name inside what is permitted', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'ab.@*-_"\\ <>[]:/%#,\0', host, `.${host}`, `@${host}`, 'https://', 'evil.example'),
      maxLength: 8,
    });
    const label = '[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?';
    const inside = `(?:${label}\\.)*example\\.com`;
    const atom = '[a-z0-9*_%#/-]+';
    const sound = {
      dns: new RegExp(`^(?:\\*\\.)?${inside}$`),
      email: new RegExp(`^(?:${atom}(?:\\.${atom})*|"(?:[^"\\\\@\0]|\\\\[^@\0])*")@example\\.com$`),
      uri: new RegExp(`^[a-z][a-z0-9+.-]*://(?:[^@/?#\\\\]*@)?example\\.com\\.?(?::\\d*)?(?:[/?#].*)?$`),
    };
    fc.assert(
      fc.property(fc.constantFrom('dns' as const, 'email' as const, 'uri' as const), text, (form, name) => {
        const verdict = outcome({ permitted: [`${form}:${host}`], names: [`${form}:${name}`] });
        if (!sound[form].test(name)) expect([name, verdict]).toEqual([name, expect.stringMatching(refusals.join('|'))]);
      }),
      { numRuns: 300 },
    );
  });

  it('adds up the constraints of all CAs: what one permits another may not', () => {
    const wide = makeCertificate({ subject: 'CN=Wide', issuer: root, ca: true, permitted: ['dns:example.com'] });
    const narrow = makeCertificate({
      subject: 'CN=Narrow',
      issuer: wide,
      ca: true,
      permitted: ['dns:a.example.com', 'dns:example.org'],
    });
    const verdict = (name: string): string => {
      const leaf = makeCertificate({ subject: 'CN=leaf', issuer: narrow, subjectAltNames: [`dns:${name}`] });
      const judgement = judgePath({
        leaf: leaf.certificate,
        intermediates: [wide.certificate, narrow.certificate],
        anchors: [trustAnchor(root.certificate)],
        at: testTime,
      });
      return judgement.valid ? 'valid' : judgement.refusal.code;
    };
    expect(verdict('x.a.example.com')).toBe('valid');
    expect(verdict('b.example.com')).toBe('name-constraint-violated');
    expect(verdict('example.org')).toBe('name-constraint-violated');
  });

  it('binds CAs as well, but not self-issued ones', () => {
    const wide = makeCertificate({ subject: 'CN=Wide', issuer: root, ca: true, permitted: ['dir:CN=leaf'] });
    const renewed = makeCertificate({ subject: 'CN=Wide', issuer: wide, ca: true, keyKind: 'P-384' });
    const other = makeCertificate({ subject: 'CN=Other', issuer: wide, ca: true });
    const verdict = (issuer: typeof wide): string => {
      const leaf = makeCertificate({ subject: 'CN=leaf', issuer });
      const judgement = judgePath({
        leaf: leaf.certificate,
        intermediates: [wide, renewed, other].map((each) => each.certificate),
        anchors: [trustAnchor(root.certificate)],
        at: testTime,
      });
      return judgement.valid ? 'valid' : (judgement.refusal.certificate?.subject ?? '');
    };
    expect(verdict(renewed)).toBe('valid');
    expect(verdict(other)).toBe('CN=Other');
  });
});
