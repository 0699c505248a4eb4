import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { PassedOn } from './decode-certificate.js';
import { readerOf, type FormName } from './forms.js';
import { MalformedClientCert } from './malformed-client-cert.js';

/** Something that is framed as a certificate is: one SEQUENCE. */
const sequence = fc.uint8Array({ minLength: 1, maxLength: 900 }).map((content) => {
  const { length } = content;
  const head =
    length < 128 ? [0x30, length] : length < 256 ? [0x30, 0x81, length] : [0x30, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
});
const chainOf = fc.array(sequence, { maxLength: 3 });

const base64 = (der: Buffer) => der.toString('base64');
const pem = (der: Buffer) =>
  `-----BEGIN CERTIFICATE-----\n${base64(der).replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
const unescaped = (value: string) =>
  value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
/** As an Application Load Balancer escapes: `+`, `/` and `=` stand for themselves. */
const albEncoded = (value: string) =>
  encodeURIComponent(value).replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '=');
const sha256 = (der: Buffer) => createHash('sha256').update(der).digest('hex');

/** Each form as its proxy writes it. */
const forms: Readonly<
  Record<FormName, { header: string; carriesChain: boolean; write: (leaf: Buffer, chain: Buffer[]) => string }>
> = {
  rfc9440: { header: 'Client-Cert', carriesChain: false, write: (leaf) => `:${base64(leaf)}:` },
  'envoy-xfcc': {
    header: 'X-Forwarded-Client-Cert',
    carriesChain: true,
    write: (leaf, chain) =>
      `By=spiffe://edge;Hash=${sha256(leaf)};Cert="${encodeURIComponent(pem(leaf))}";Chain="${encodeURIComponent([leaf, ...chain].map(pem).join(''))}";Subject="CN=a\\"b,O=c";URI=;DNS=a.example;DNS=b.example`,
  },
  'nginx-escaped-pem': {
    header: 'X-SSL-Client-Cert',
    carriesChain: false,
    write: (leaf) => encodeURIComponent(pem(leaf)),
  },
  'haproxy-base64-der': { header: 'X-SSL-Client-Cert', carriesChain: false, write: base64 },
  'traefik-pem': {
    header: 'X-Forwarded-Tls-Client-Cert',
    carriesChain: true,
    write: (leaf, chain) => [leaf, ...chain].map(base64).join(','),
  },
  'ssl-client-cert': { header: 'SSL_CLIENT_CERT', carriesChain: false, write: base64 },
  'x-forwarded-client-cert': { header: 'X-Forwarded-Client-Cert', carriesChain: false, write: base64 },
  'aws-alb-verify': {
    header: 'X-Amzn-Mtls-Clientcert-Leaf',
    carriesChain: false,
    write: (leaf) => albEncoded(pem(leaf)),
  },
  'aws-alb-passthrough': {
    header: 'X-Amzn-Mtls-Clientcert',
    carriesChain: true,
    write: (leaf, chain) => albEncoded([leaf, ...chain].map(pem).join('')),
  },
  'azure-escaped-pem': {
    header: 'X-Client-Certificate',
    carriesChain: false,
    write: (leaf) => encodeURIComponent(pem(leaf)),
  },
  'google-cloud': { header: 'X-Client-Cert-Leaf', carriesChain: false, write: (leaf) => `:${base64(leaf)}:` },
  'cloudflare-base64-der': { header: 'Cf-Client-Cert-Der-Base64', carriesChain: false, write: base64 },
};
const names = Object.keys(forms) as FormName[];

function read(form: FormName, ...headers: [string, string][]): PassedOn | undefined {
  return readerOf(form)({ rawHeaders: headers.flat(), headers: {} } as unknown as IncomingMessage);
}

describe.each(names)('the form %s', (form) => {
  const { header, write, carriesChain } = forms[form];

  it('gives back what the proxy wrote, whatever the certificate', () => {
    fc.assert(
      fc.property(sequence, chainOf, (leaf, chain) => {
        expect(read(form, [header, write(leaf, chain)])).toEqual({ leaf, chain: carriesChain ? chain : [] });
      }),
    );
  });

  it('is refused, or means exactly the certificate it spells, however it is changed', () => {
    fc.assert(
      fc.property(sequence, chainOf, fc.nat(), fc.integer({ min: 32, max: 126 }), (leaf, chain, at, code) => {
        const value = write(leaf, chain);
        const index = at % value.length;
        const changed = value.slice(0, index) + String.fromCharCode(code) + value.slice(index + 1);
        let result: PassedOn | undefined;
        try {
          result = read(form, [header, changed]);
        } catch (error) {
          if (error instanceof MalformedClientCert) return;
          throw error;
        }
        // What was read spells out to the certificates that stand in the value: nothing was skipped.
        if (result)
          for (const der of [result.leaf, ...result.chain])
            expect(unescaped(changed).replaceAll('\n', '')).toContain(base64(der));
      }),
      { numRuns: 500 },
    );
  });

  it('never fails in another way, whatever stands in the header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.string({ unit: 'binary-ascii' })), (value) => {
        try {
          read(form, [header, value]);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedClientCert);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('what a proxy could not have written', () => {
  const leaf = Buffer.from('3003020101', 'hex');
  const other = Buffer.from('3003020102', 'hex');

  it.each([
    ['two elements (attack 12)', `Cert="${encodeURIComponent(pem(leaf))}",Cert="${encodeURIComponent(pem(other))}"`],
    ['two certificates in Cert', `Cert="${encodeURIComponent(pem(leaf) + pem(other))}"`],
    ['Cert twice', `Cert="${encodeURIComponent(pem(leaf))}";Cert="${encodeURIComponent(pem(leaf))}"`],
    ['another Hash', `Hash=${'0'.repeat(64)};Cert="${encodeURIComponent(pem(leaf))}"`],
    ['Chain alone (attack 13)', `Chain="${encodeURIComponent(pem(leaf))}"`],
    ['Hash alone', `Hash=${sha256(leaf)}`],
    ['Chain of another leaf', `Cert="${encodeURIComponent(pem(leaf))}";Chain="${encodeURIComponent(pem(other))}"`],
    ['an unknown key', `Cert="${encodeURIComponent(pem(leaf))}";Role=admin`],
    ['an open quote', `Cert="${encodeURIComponent(pem(leaf))}`],
    ['a trailing semicolon', `Cert="${encodeURIComponent(pem(leaf))}";`],
    ['PEM that is not encoded', `Cert="${pem(leaf).replaceAll('\n', ' ')}"`],
    ['base64', base64(leaf)],
  ])('is refused as XFCC: %s', (_what, value) => {
    expect(() => read('envoy-xfcc', ['X-Forwarded-Client-Cert', value])).toThrow(MalformedClientCert);
  });

  it.each([
    ['two certificates', encodeURIComponent(pem(leaf) + pem(other))],
    ['something before', encodeURIComponent(`x${pem(leaf)}`)],
    ['something after', encodeURIComponent(`${pem(leaf)}x`)],
    ['PEM that is not escaped', pem(leaf).replaceAll('\n', ' ')],
    ['tabs as $ssl_client_cert has', encodeURIComponent(pem(leaf).replaceAll('\n', '\n\t'))],
    ['a private key', encodeURIComponent(pem(leaf).replaceAll('CERTIFICATE', 'PRIVATE KEY'))],
    ['half an escape', `${encodeURIComponent(pem(leaf))}%0`],
    ['base64', base64(leaf)],
    ['DER with something after it', encodeURIComponent(pem(Buffer.concat([leaf, other])))],
  ])('is refused as escaped PEM: %s', (_what, value) => {
    expect(() => read('nginx-escaped-pem', ['X-SSL-Client-Cert', value])).toThrow(MalformedClientCert);
  });

  it.each([
    ['two certificates', `${base64(leaf)},${base64(other)}`],
    ['two certificates in one', base64(Buffer.concat([leaf, other]))],
    ['a blank', ` ${base64(leaf)}`],
    ['colons', `:${base64(leaf)}:`],
    ['base64url', 'MAMCAf__'],
    ['bits that mean nothing', 'MAMCAQF='],
    ['an indefinite length', base64(Buffer.from('30800201010000', 'hex'))],
    ['a length in a longer form', base64(Buffer.from('308103020101', 'hex'))],
    ['escaped PEM', encodeURIComponent(pem(leaf))],
  ])('is refused as base64: %s', (_what, value) => {
    for (const form of ['haproxy-base64-der', 'ssl-client-cert', 'x-forwarded-client-cert'] as const)
      expect(() => read(form, [forms[form].header, value])).toThrow(MalformedClientCert);
  });

  it.each([
    ['two certificates where the leaf alone is sent', albEncoded(pem(leaf) + pem(other))],
    ['a space for a plus', albEncoded(pem(Buffer.from('300400fbefbe', 'hex'))).replaceAll('+', '%20')],
    ['PEM that is not encoded', pem(leaf).replaceAll('\n', ' ')],
    ['a comma', `${albEncoded(pem(leaf))},${albEncoded(pem(other))}`],
  ])('is refused as the header of an AWS ALB: %s', (_what, value) => {
    expect(() => read('aws-alb-verify', ['X-Amzn-Mtls-Clientcert-Leaf', value])).toThrow(MalformedClientCert);
  });

  it('reads an AWS ALB’s PEM without a line break at its end', () => {
    const value = albEncoded(pem(leaf).trimEnd());
    expect(read('aws-alb-verify', ['X-Amzn-Mtls-Clientcert-Leaf', value])).toEqual({ leaf, chain: [] });
  });

  it('takes Google’s chain from its own header, and never without a leaf (attack 13)', () => {
    const chain = ['X-Client-Cert-Chain', `:${base64(other)}:, :${base64(leaf)}:`] as [string, string];
    expect(read('google-cloud', ['X-Client-Cert-Leaf', `:${base64(leaf)}:`], chain)).toEqual({
      leaf,
      chain: [other, leaf],
    });
    expect(() => read('google-cloud', chain)).toThrow('came without');
    expect(() => read('google-cloud', ['X-Client-Cert-Leaf', ''], chain)).toThrow('came without');
    expect(() => read('google-cloud', ['X-Client-Cert-Leaf', `:${base64(leaf)}:`], chain, chain)).toThrow('twice');
  });

  it('reads what older Traefik escaped, and no blank after a comma', () => {
    const value = [leaf, other].map((der) => encodeURIComponent(base64(der))).join(',');
    expect(read('traefik-pem', ['X-Forwarded-Tls-Client-Cert', value])).toEqual({ leaf, chain: [other] });
    expect(
      read('traefik-pem', ['X-Forwarded-Tls-Client-Cert', encodeURIComponent(value.replaceAll('%3D', '='))]),
    ).toBeDefined();
    expect(() => read('traefik-pem', ['X-Forwarded-Tls-Client-Cert', `${base64(leaf)}, ${base64(other)}`])).toThrow(
      MalformedClientCert,
    );
  });
});
