import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  TemporaryFolder,
  TestAuthority,
  visit,
  type TestCertificate,
  type Visit,
  type VisitOptions,
} from '@sluice/testing';
import type { ListenerLimits } from '@sluice/service-shell';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadCaller } from '../client-certificates/caller-certificate.js';
import type { FormName } from '../client-certificates/forms.js';
import { MalformedClientCert } from '../client-certificates/malformed-client-cert.js';
import { readProxies } from '../client-certificates/proxies.js';
import { respondWithProblem } from './problem-response.js';
import { ProxyListener } from './proxy-listener.js';

const limits: ListenerLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
};

/** Answers with who the caller is, as the whole path does with who is not: 400 for what is malformed, 401 for nobody. */
const mirror = {
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller): void {
    try {
      const caller = readCaller(request);
      if (caller) response.end(JSON.stringify({ leaf: caller.sha256, chain: caller.chain().length }));
      else respondWithProblem(response, 401);
    } catch (error) {
      if (!(error instanceof MalformedClientCert)) throw error;
      respondWithProblem(response, 400, { detail: error.message });
    }
  },
};

describe('the proxy-facing listener', () => {
  const folder = new TemporaryFolder('proxies');
  const caFile = join(folder.path, 'proxy-ca.pem');
  const proxiesFile = join(folder.path, 'proxies.json');
  let serverRoot: TestAuthority;
  let proxyCa: TestAuthority;
  let partner: TestAuthority;
  let identity: TestCertificate;
  /** In a service key; its certificate is public. */
  let sender: TestCertificate;
  let proxy: TestCertificate;
  let listener: ProxyListener | undefined;
  let url: string;
  let faults: string[];

  beforeAll(async () => {
    serverRoot = await TestAuthority.root({ subject: 'CN=Server Root' });
    proxyCa = await TestAuthority.root({ subject: 'CN=Proxy CA' });
    partner = await TestAuthority.root({ subject: 'CN=Partner Root' });
    identity = await serverRoot.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost'],
    });
    sender = await partner.leaf({ subject: 'CN=sender' });
    proxy = await proxyCa.leaf({ subject: 'CN=edge,O=Sluice', subjectAltNames: ['edge.example'] });
    writeFileSync(caFile, proxyCa.pem);
  });
  beforeEach(() => void (faults = []));
  afterEach(async () => {
    const { server } = listener ?? {};
    if (server) await new Promise((resolve) => server.close(resolve));
    listener = undefined;
  });
  afterAll(() => folder.remove());

  function proxies(entries?: readonly object[]) {
    if (entries) writeFileSync(proxiesFile, JSON.stringify({ proxies: entries }));
    return readProxies({ caFile, ...(entries ? { proxiesFile } : {}) });
  }

  async function open(entries?: readonly object[]): Promise<ProxyListener> {
    listener = new ProxyListener(
      { certificateChain: identity.chainPem, privateKey: identity.key.pem },
      proxies(entries),
      mirror,
      limits,
      (error) => faults.push(String(error)),
    );
    const { server } = listener;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://localhost:${(server.address() as AddressInfo).port}`;
    return listener;
  }

  const call = (
    headers: readonly string[],
    as: TestCertificate | undefined = proxy,
    more: Partial<VisitOptions> = {},
  ) => visit({ url, trusts: serverRoot.pem, certificate: as?.chainPem, key: as?.key.pem, headers, ...more });
  const answer = ({ status, text }: Visit) => [status, (JSON.parse(text) as { leaf?: string }).leaf];
  const base64 = (certificate: TestCertificate) => Buffer.from(certificate.der).toString('base64');
  const escaped = (certificate: TestCertificate) => encodeURIComponent(certificate.pem);

  const albEncoded = (certificate: TestCertificate) =>
    escaped(certificate).replaceAll('%2B', '+').replaceAll('%2F', '/');

  const written: Readonly<Record<FormName, [header: string, write: (certificate: TestCertificate) => string]>> = {
    rfc9440: ['Client-Cert', (certificate) => `:${base64(certificate)}:`],
    'envoy-xfcc': [
      'X-Forwarded-Client-Cert',
      (certificate) => `Hash=${certificate.sha256};Cert="${escaped(certificate)}";Subject="CN=sender"`,
    ],
    'nginx-escaped-pem': ['X-SSL-Client-Cert', escaped],
    'haproxy-base64-der': ['X-SSL-Client-Cert', base64],
    'traefik-pem': [
      'X-Forwarded-Tls-Client-Cert',
      (certificate) => `${base64(certificate)},${base64(partner.certificate)}`,
    ],
    'ssl-client-cert': ['SSL_CLIENT_CERT', base64],
    'x-forwarded-client-cert': ['X-Forwarded-Client-Cert', base64],
    'aws-alb-verify': ['X-Amzn-Mtls-Clientcert-Leaf', albEncoded],
    'aws-alb-passthrough': ['X-Amzn-Mtls-Clientcert', albEncoded],
    'azure-escaped-pem': ['X-Client-Certificate', escaped],
    'google-cloud': ['X-Client-Cert-Leaf', (certificate) => `:${base64(certificate)}:`],
    'cloudflare-base64-der': ['Cf-Client-Cert-Der-Base64', base64],
  };

  describe.each(Object.keys(written) as FormName[])('in the form %s', (form) => {
    const [header, write] = written[form];
    const line = (certificate = sender, name = header) => `${name}: ${write(certificate)}`;
    beforeEach(() => open([{ name: 'edge', certificate: { san: 'edge.example' }, form }]));

    it('knows the sender the configured proxy passed on, in whatever case the name of the header is', async () => {
      expect(answer(await call([line()]))).toEqual([200, sender.sha256]);
      expect(answer(await call([line(sender, header.toLowerCase())]))).toEqual([200, sender.sha256]);
    });

    it('attack 08: believes no other header in which a certificate may stand', async () => {
      const others = Object.entries(written).filter(
        ([, [name]]) => name !== header && !(form === 'rfc9440' && name === 'Client-Cert'),
      );
      for (const [, [name, writeOther]] of others) {
        if (name.toLowerCase().replaceAll('_', '-') === header.toLowerCase().replaceAll('_', '-')) continue;
        const made = await call([`${name}: ${writeOther(sender)}`]);
        expect([name, made.status]).toEqual([name, 401]);
      }
    });

    it('attack 09: refuses whoever has no certificate of a configured proxy, with somebody’s public certificate in the header', async () => {
      const strangerCa = await TestAuthority.root({ subject: 'CN=Proxy CA' });
      const stranger = await strangerCa.leaf({ subject: 'CN=edge,O=Sluice', subjectAltNames: ['edge.example'] });
      const another = await proxyCa.leaf({ subject: 'CN=another,O=Sluice' });
      for (const who of [undefined, stranger, sender, another]) {
        await expect(
          visit({
            url,
            trusts: serverRoot.pem,
            certificate: who?.chainPem,
            key: who?.key.pem,
            headers: [line()],
          }),
        ).rejects.toThrow();
      }
    });

    it('attack 10: refuses another spelling of the header, alone and beside it', async () => {
      const spellings = [
        header.replaceAll('-', '_').replaceAll('_', '_'),
        header.replaceAll(/[-_]/g, '.'),
        header.replaceAll('_', '-'),
      ].filter((name) => name.toLowerCase() !== header.toLowerCase());
      expect(spellings.length).toBeGreaterThan(0);
      for (const name of spellings) {
        expect([name, (await call([line(sender, name)])).status]).toEqual([name, 400]);
        expect([name, (await call([line(), line(sender, name)])).status]).toEqual([name, 400]);
      }
    });

    it('attack 11: knows nobody where the header was dropped on the way', async () => {
      expect((await call([`Connection: ${header}`])).status).toBe(401);
      expect((await call([])).status).toBe(401);
    });

    it('attack 12: refuses the header when it comes twice, joined, or with more in it', async () => {
      const other = await partner.leaf({ subject: 'CN=other' });
      expect((await call([line(), line()])).status).toBe(400);
      expect((await call([line(), line(other)])).status).toBe(400);
      expect((await call([`${line()}, ${write(other)}`])).status).toBe(400);
      expect((await call([`${line()};a=1`])).status).toBe(400);
      expect((await call([`${header}: "${write(sender)}"`])).status).toBe(400);
      const trailing = {
        der: Buffer.concat([sender.der, Buffer.from([0])]),
        sha256: sender.sha256,
        pem: pemOf(Buffer.concat([sender.der, Buffer.from([0])])),
      };
      expect((await call([`${header}: ${write(trailing as unknown as TestCertificate)}`])).status).toBe(400);
    });

    it('attack 14: takes the leaf alone for the sender', async () => {
      const leaf = await partner.leaf({ subject: 'CN=unknown' });
      const made = await call([
        form === 'envoy-xfcc'
          ? `${header}: Cert="${escaped(leaf)}";Chain="${encodeURIComponent(leaf.pem + sender.pem)}"`
          : form === 'traefik-pem'
            ? `${header}: ${base64(leaf)},${base64(sender)}`
            : line(leaf),
        ...(form === 'rfc9440' ? [`Client-Cert-Chain: :${base64(sender)}:`] : []),
      ]);
      expect(answer(made)).toEqual([200, leaf.sha256]);
    });
  });

  it('attack 13: refuses a chain without a certificate', async () => {
    await open();
    expect((await call([`Client-Cert-Chain: :${base64(sender)}:`])).status).toBe(400);
  });

  it('attack 12: refuses RFC 9440 with parameters, as a string, without colons, and with something after the certificate', async () => {
    await open();
    for (const value of [
      `:${base64(sender)}:;a=1`,
      `"${base64(sender)}"`,
      base64(sender),
      `:${Buffer.concat([sender.der, Buffer.from([5, 0])]).toString('base64')}:`,
    ])
      expect([value.slice(0, 9), (await call([`Client-Cert: ${value}`])).status]).toEqual([value.slice(0, 9), 400]);
  });

  it('admits whoever has a certificate of the CA, by RFC 9440, where no proxies are configured', async () => {
    await open();
    expect(answer(await call([`Client-Cert: :${base64(sender)}:`]))).toEqual([200, sender.sha256]);
    await expect(call([], sender)).rejects.toThrow();
  });

  it('knows proxies by digest, subject and name, and reads each in its own form', async () => {
    const [second, third] = [
      await proxyCa.leaf({ subject: 'CN=second,O=Sluice' }),
      await proxyCa.leaf({ subject: 'CN=third,O=Sluice' }),
    ];
    await open([
      { name: 'edge', certificate: { san: 'EDGE.example' }, form: 'rfc9440' },
      { name: 'second', certificate: { sha256: second.sha256 }, form: 'haproxy-base64-der', header: 'X-Client-Cert' },
      { name: 'third', certificate: { subject: 'CN=Third,O=sluice' }, form: 'ssl-client-cert' },
    ]);
    expect((await call([`Client-Cert: :${base64(sender)}:`])).status).toBe(200);
    expect((await call([`X-Client-Cert: ${base64(sender)}`], second)).status).toBe(200);
    expect((await call([`SSL_CLIENT_CERT: ${base64(sender)}`], third)).status).toBe(200);
    // What another may say is not believed of this one.
    expect((await call([`SSL_CLIENT_CERT: ${base64(sender)}`], second)).status).toBe(401);
    expect((await call([`Client-Cert: :${base64(sender)}:`], third)).status).toBe(401);
  });

  it('adds the intermediates that are configured to what the proxy passes on', async () => {
    writeFileSync(join(folder.path, 'intermediates.pem'), partner.pem);
    await open([
      {
        name: 'edge',
        certificate: { san: 'edge.example' },
        form: 'nginx-escaped-pem',
        intermediatesFile: 'intermediates.pem',
      },
    ]);
    expect(JSON.parse((await call([`X-SSL-Client-Cert: ${escaped(sender)}`])).text)).toEqual({
      leaf: sender.sha256,
      chain: 1,
    });
  });

  it('resumes the session of a proxy, and not once another is configured', async () => {
    const opened = await open([{ name: 'edge', certificate: { san: 'edge.example' }, form: 'rfc9440' }]);
    const first = await call([`Client-Cert: :${base64(sender)}:`]);
    const second = await call([`Client-Cert: :${base64(sender)}:`], proxy, { session: first.session });
    expect([second.resumed, second.status]).toEqual([true, 200]);
    opened.admitProxies(proxies([{ name: 'other', certificate: { san: 'other.example' }, form: 'rfc9440' }]));
    await expect(call([`Client-Cert: :${base64(sender)}:`], proxy, { session: first.session })).rejects.toThrow();
    expect(faults).toEqual([expect.stringContaining('No proxy is configured')]);
  });

  describe('attack 26: when what it trusts cannot be read', () => {
    it.each([
      ['no file', () => ({ caFile: join(folder.path, 'none.pem') }), 'cannot be read'],
      ['an empty file', () => ({ caFile: put('empty.pem', '') }), 'PEM'],
      ['no certificate', () => ({ caFile: put('text.pem', 'not a certificate') }), 'PEM'],
      ['half a certificate', () => ({ caFile: put('half.pem', proxyCa.pem.slice(0, 300)) }), 'PEM'],
      ['proxies that are no JSON', () => ({ caFile, proxiesFile: put('a.json', '{') }), 'is not JSON'],
      ['no proxies', () => ({ caFile, proxiesFile: put('b.json', '{"proxies": []}') }), 'which proxies'],
      [
        'a proxy in two forms',
        () => ({
          caFile,
          proxiesFile: put(
            'c.json',
            JSON.stringify({ proxies: [{ name: 'a', certificate: { san: 'a' }, form: ['rfc9440', 'envoy-xfcc'] }] }),
          ),
        }),
        'which proxies',
      ],
      [
        'the same certificate twice',
        () => ({
          caFile,
          proxiesFile: put(
            'd.json',
            JSON.stringify({
              proxies: ['a', 'b'].map((name) => ({ name, certificate: { san: 'a' }, form: 'rfc9440' })),
            }),
          ),
        }),
        'the same certificate',
      ],
      [
        'a header that flows would see',
        () => ({
          caFile,
          proxiesFile: put(
            'e.json',
            JSON.stringify({
              proxies: [{ name: 'a', certificate: { san: 'a' }, form: 'haproxy-base64-der', header: 'X-Mine' }],
            }),
          ),
        }),
        'kept from flows',
      ],
      [
        'a subject that is no name',
        () => ({
          caFile,
          proxiesFile: put(
            'f.json',
            JSON.stringify({ proxies: [{ name: 'a', certificate: { subject: 'edge' }, form: 'rfc9440' }] }),
          ),
        }),
        'which proxies',
      ],
    ])('does not open: %s', (_what, files, sentence) => {
      expect(() => readProxies(files())).toThrow(sentence);
    });

    function put(file: string, text: string): string {
      const path = join(folder.path, file);
      writeFileSync(path, text);
      return path;
    }
  });
});

function pemOf(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
