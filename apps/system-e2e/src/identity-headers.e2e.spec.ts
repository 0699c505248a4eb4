import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exchangeBytes, TestAuthority, testKey, type Sender, type TestCertificate } from '@sluice/testing';
import { Administrator, type Flow } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithCertificate, senderWithoutCertificate } from './stack/senders.js';

describe('who a caller is on the public listener', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  let root: TestAuthority;
  /** In a service key with the role of the flow. */
  let registered: TestCertificate;
  let flow: Flow;
  const senders: Sender[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    root = await TestAuthority.root({ subject: 'CN=Partner Root,O=Partner' });
    await administrator.addTrustedRoot(root.pem);
    registered = await root.leaf({ subject: 'CN=registered,O=Partner' });
    await administrator.createExternalKey(await administrator.createInstance(), registered.pem);
    flow = await administrator.deployFlow();
    expect(await statusOf(open(senderWithCertificate(stack, registered)))).toBe(200);
  });

  afterEach(() => senders.splice(0).forEach((sender) => sender.close()));
  afterAll(() => stack?.stop());

  function open(sender: Sender): Sender {
    senders.push(sender);
    return sender;
  }

  async function statusOf(sender: Sender, headers: Record<string, string | string[]> = {}): Promise<number> {
    return (await sender.send(`/http/${flow.id}`, { body: 'x', headers })).status;
  }

  async function denial(sender: Sender): Promise<{ status: number; reason: string }> {
    const answer = await sender.send(`/http/${flow.id}`, { body: 'x' });
    const { reason } = await administrator.decision(answer.json<{ decisionId: string }>().decisionId);
    return { status: answer.status, reason };
  }

  /** The registered certificate in every form in which a proxy may pass one on. */
  function claims(): Record<string, string>[] {
    const base64 = Buffer.from(registered.der).toString('base64');
    const oneLine = registered.pem.trim().replaceAll('\n', ' ');
    const values = [`:${base64}:`, base64, encodeURIComponent(registered.pem), oneLine];
    const names = [
      'Client-Cert',
      'client_cert',
      'CLIENT-CERT',
      'X-Client-Cert',
      'X-Client-Certificate',
      'SSL_CLIENT_CERT',
      'SSL-Client-Cert',
      'X-SSL-Client-Cert',
      'X-SSL-CERT',
      'X-Forwarded-Tls-Client-Cert',
      'X-Amzn-Mtls-Clientcert',
      'X-Amzn-Mtls-Clientcert-Leaf',
      'X-ARR-ClientCert',
    ];
    return [
      ...names.flatMap((name) => values.map((value) => ({ [name]: value }))),
      {
        'Client-Cert': `:${base64}:`,
        'Client-Cert-Chain': `:${Buffer.from(root.certificate.der).toString('base64')}:`,
      },
      {
        'X-Forwarded-Client-Cert': `Hash=${registered.sha256};Cert="${encodeURIComponent(registered.pem)}";Subject="CN=registered,O=Partner"`,
      },
      {
        SSL_CLIENT_S_DN: 'CN=registered,O=Partner',
        SSL_CLIENT_I_DN: 'CN=Partner Root,O=Partner',
        SSL_CLIENT_VERIFY: 'SUCCESS',
      },
      {
        'X-SSL-Client-S-DN': 'CN=registered,O=Partner',
        'X-SSL-Client-Verify': 'SUCCESS',
        'X-SSL-Client-SHA1': registered.sha256,
      },
    ];
  }

  describe('attack 08: identity headers sent by a sender', () => {
    it('are not believed of a caller without a certificate', async () => {
      const sender = open(senderWithoutCertificate(stack));
      for (const headers of claims()) expect([headers, await statusOf(sender, headers)]).toEqual([headers, 401]);
    });

    it('are not believed of a caller whose own certificate is in no key, nor do they lend a role', async () => {
      const unknown = open(senderWithCertificate(stack, await root.leaf({ subject: 'CN=unknown,O=Partner' })));
      const roleless = await root.leaf({ subject: 'CN=roleless,O=Partner' });
      const instance = await administrator.createInstance([await administrator.createRole()]);
      await administrator.createExternalKey(instance, roleless.pem);
      const forbidden = open(senderWithCertificate(stack, roleless));
      for (const headers of claims()) {
        expect([headers, await statusOf(unknown, headers), await statusOf(forbidden, headers)]).toEqual([
          headers,
          401,
          403,
        ]);
      }
    });

    it('do not take its own certificate away from a caller who is let in', async () => {
      const sender = open(senderWithCertificate(stack, registered));
      const other = { 'Client-Cert': `:${Buffer.from(root.certificate.der).toString('base64')}:` };
      for (const headers of [...claims(), other])
        expect([headers, await statusOf(sender, headers)]).toEqual([headers, 200]);
    });

    it('are stripped before the flow sees the headers, which it does of others', async () => {
      const names = [...new Set(claims().flatMap((headers) => Object.keys(headers)))];
      const body = ['X-Order', ...names].map((name) => `${name}=\${header.${name}}`).join('|');
      const echo = await administrator.deployFlow({
        sender: { allowedHeaders: ['*'] },
        steps: [{ contentModifier: { body } }],
      });
      const sender = open(senderWithCertificate(stack, registered));
      for (const headers of claims()) {
        const answer = await sender.send(`/http/${echo.id}`, { body: 'x', headers: { ...headers, 'X-Order': '4711' } });
        expect(answer.status).toBe(200);
        expect(answer.text).toContain('X-Order=4711|');
        expect(
          answer.text
            .replace(/^X-Order=4711\|/, '')
            .split('|')
            .filter((pair) => !pair.endsWith('=')),
        ).toEqual([]);
        expect(JSON.stringify(answer.rawHeaders)).not.toContain(registered.sha256);
      }
    });

    it('and the admin token of a sender do not reach the flow', async () => {
      const body = 'a=${header.Authorization}|c=${header.Cookie}';
      // Where a channel admits tokens, a bad one is refused though the certificate would do.
      const echo = await administrator.deployFlow({
        sender: { allowedHeaders: ['*'], authentication: ['certificate'] },
        steps: [{ contentModifier: { body } }],
      });
      const answer = await open(senderWithCertificate(stack, registered)).send(`/http/${echo.id}`, {
        body: 'x',
        headers: { Authorization: 'Bearer secret', Cookie: 'session=secret' },
      });
      expect([answer.status, answer.text]).toEqual([200, 'a=|c=']);
    });
  });

  describe('attack 14: the certificate of another among those sent', () => {
    it('names nobody but the leaf whose key was proven', async () => {
      const mine = await root.leaf({ subject: 'CN=mine,O=Partner' });
      for (const chain of [
        mine.pem + registered.pem,
        mine.pem + registered.chainPem,
        mine.chainPem + registered.pem,
        mine.pem + registered.pem + registered.pem + root.pem,
      ]) {
        expect(await denial(open(senderWithCertificate(stack, mine, chain)))).toEqual({
          status: 401,
          reason: 'no-service-key',
        });
      }
    });

    it('does not keep the leaf from being known', async () => {
      const other = await root.leaf({ subject: 'CN=other,O=Partner' });
      const chain = registered.pem + other.pem + root.pem;
      expect(await statusOf(open(senderWithCertificate(stack, registered, chain)))).toBe(200);
    });

    it('vouches for nobody: a leaf is no CA (attack 20)', async () => {
      const below = await TestAuthority.of(registered).leaf({ subject: 'CN=below,O=Partner' });
      expect(await denial(open(senderWithCertificate(stack, below)))).toEqual({ status: 401, reason: 'not-a-ca' });
    });
  });

  describe('attack 15: another certificate', () => {
    it.each([
      ['with the serial number of the registered one', () => ({ serialNumber: registered.serialNumber })],
      ['with the public key of the registered one', () => ({ key: registered.key })],
      [
        'with the names, the serial number and the public key of the registered one',
        () => ({ serialNumber: registered.serialNumber, key: registered.key }),
      ],
    ])('%s is an unknown certificate', async (_what, same) => {
      const twin = await root.leaf({ subject: 'CN=registered,O=Partner', ...same() });
      expect(twin.sha256).not.toBe(registered.sha256);
      expect(await denial(open(senderWithCertificate(stack, twin)))).toEqual({ status: 401, reason: 'no-service-key' });
    });

    it('of another trusted CA with the same names, serial number and key is an unknown certificate', async () => {
      const namesake = await TestAuthority.root({ subject: 'CN=Partner Root,O=Partner' });
      await administrator.addTrustedRoot(namesake.pem);
      const twin = await namesake.leaf({
        subject: 'CN=registered,O=Partner',
        serialNumber: registered.serialNumber,
        key: registered.key,
      });
      expect(await denial(open(senderWithCertificate(stack, twin)))).toEqual({ status: 401, reason: 'no-service-key' });
      // Two roots of one name do not take each other's leaves away.
      expect(await statusOf(open(senderWithCertificate(stack, registered)))).toBe(200);
    });
  });

  describe('attack 19: a certificate that is not for client authentication', () => {
    const usages = [
      ['for servers only', ['serverAuth']],
      ['for e-mail only', ['emailProtection']],
      ['for servers and e-mail', ['serverAuth', 'emailProtection']],
      ['without an extended key usage', []],
    ] as const;

    it.each(usages)(
      '%s is refused at the endpoint, with that reason for the administrator',
      async (_what, extendedKeyUsage) => {
        const certificate = await root.leaf({ subject: 'CN=usage,O=Partner', extendedKeyUsage });
        expect(await denial(open(senderWithCertificate(stack, certificate)))).toEqual({
          status: 401,
          reason: 'missing-client-auth',
        });
      },
    );

    it.each(usages)('%s is refused as an external certificate, with what to do', async (_what, extendedKeyUsage) => {
      const certificate = await root.leaf({ subject: 'CN=usage,O=Partner', extendedKeyUsage });
      const { id } = await administrator.createInstance();
      const answer = await administrator.client.request('POST', `/v1/service-instances/${id}/service-keys`, {
        name: 'k',
        parameters: { 'key-type': 'certificate_external', 'X.509': certificate.pem },
      });
      expect([answer.status, answer.body.code, answer.body['reason']]).toEqual([
        400,
        'certificate-refused',
        'missing-client-auth',
      ]);
      expect(answer.body.detail).toMatch(/client authentication.*private CA/);
    });

    it.each(usages)('%s is refused where only its names are compared', async (_what, extendedKeyUsage) => {
      const authorization = {
        type: 'ClientCertificate',
        certificates: [{ subjectDN: 'CN=usage,O=Partner', issuerDN: 'CN=Partner Root,O=Partner' }],
      };
      const byNames = await administrator.deployFlow({ authorization });
      const certificate = await root.leaf({ subject: 'CN=usage,O=Partner', extendedKeyUsage });
      const answer = await open(senderWithCertificate(stack, certificate)).send(`/http/${byNames.id}`);
      expect(answer.status).toBe(401);
    });

    it('is told from one that is for client authentication among others', async () => {
      const certificate = await root.leaf({
        subject: 'CN=both,O=Partner',
        extendedKeyUsage: ['serverAuth', 'clientAuth'],
        key: testKey('RSA-2048'),
      });
      await administrator.createExternalKey(await administrator.createInstance(), certificate.pem);
      expect(await statusOf(open(senderWithCertificate(stack, certificate)))).toBe(200);
    });
  });

  describe('attack 27: another spelling of a path', () => {
    const spellings = (id: string): string[] => [
      `//http/${id}`,
      `/http//${id}`,
      `/http/${id}//`,
      `/./http/${id}`,
      `/http/./${id}`,
      `/http/${id}/.`,
      `/http/other/../${id}`,
      `/http/../http/${id}`,
      `/http/%2e/${id}`,
      `/http/other/%2e%2e/${id}`,
      `/http/other/.%2E/${id}`,
      `/http%2F${id}`,
      `/http%2f${id}`,
      `/http/%2F${id}`,
      `/http/${id}%2F`,
      `/http/${id}%00`,
      `/http/${id}%0d%0a`,
      `/http/${id};x=1`,
      `/http;x=1/${id}`,
      `/http/${id}%3Bx=1`,
      `/http\\${id}`,
      `/http/${id}\\`,
      `/http/%5C${id}`,
      // The first letter of the address as an escape, and an escape of an escape.
      `/http/%${id.charCodeAt(0).toString(16)}${id.slice(1)}`,
      `/%68ttp/${id}`,
      // '/', '.' and NUL in over-long UTF-8, escaped and raw.
      `/http%c0%af${id}`,
      `/http/%C0%AF${id}`,
      `/http/%C0%AE%C0%AE/http/${id}`,
      `/http/%E0%80%AF${id}`,
      `/http/${id}%C0%80`,
      `/http/${id}%FF`,
      `/http/${id}%`,
      `/http/${id}%2`,
      `/http/${id}%zz`,
      `/http/\u00c0\u00af${id}`,
      `http/${id}`,
      `*`,
    ];

    it('gets 400, also with the certificate that is let in', async () => {
      for (const spelling of spellings(flow.id)) {
        // A sender of its own each time: 400 ends the connection.
        const answer = await open(senderWithCertificate(stack, registered)).send(spelling, { body: 'x' });
        expect([spelling, answer.status]).toEqual([spelling, 400]);
      }
    });

    it('gets 400 with a NUL, a tab or a raw fragment in it, as no client would write it', async () => {
      const sender = {
        url: stack.facts.flowUrl,
        trusts: stack.serverRoot,
        certificate: registered.chainPem,
        key: registered.key.pem,
      };
      for (const path of [`/http/${flow.id}\0`, `/http/\0/${flow.id}`, `/http/${flow.id}\t`, `/http/${flow.id}#x`]) {
        const { text } = await exchangeBytes(
          `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx`,
          sender,
        );
        expect([path, text.slice(0, 12)]).toEqual([path, 'HTTP/1.1 400']);
      }
    });

    it('is not what a query is, nor an escape that has to be there', async () => {
      const sender = open(senderWithCertificate(stack, registered));
      expect((await sender.send(`/http/${flow.id}?a=%2F..%2f&b=;//`, { body: 'x' })).status).toBe(200);
      expect((await sender.send(`/http/${flow.id}%20`, { body: 'x' })).status).toBe(404);
      expect((await sender.send(`/http/${flow.id.toUpperCase()}`, { body: 'x' })).status).toBe(404);
      expect((await sender.send(`/HTTP/${flow.id}`, { body: 'x' })).status).toBe(404);
      expect((await sender.send(`/http/${flow.id}/below`, { body: 'x' })).status).toBe(404);
    });

    it('does not take the rules of one flow past those of another below it', async () => {
      const open_ = await administrator.deployFlow({ sender: { address: '/tree/*' } });
      const guarded = await administrator.deployFlow({
        role: await administrator.createRole(),
        sender: { address: '/tree/guarded' },
      });
      const send = async (path: string) =>
        (await open(senderWithCertificate(stack, registered)).send(path, { body: 'x' })).status;
      expect([open_.status, guarded.status]).toEqual(['started', 'started']);
      expect(await send('/http/tree/free')).toBe(200);
      expect(await send('/http/tree/guarded')).toBe(403);
      for (const spelling of [
        '/http/tree/./guarded',
        '/http/tree/%67uarded',
        '/http/tree//guarded',
        '/http/tree/x/../guarded',
        '/http/tree/guarded;x',
        '/http/tree/guarded%2F',
      ]) {
        expect([spelling, await send(spelling)]).toEqual([spelling, 400]);
      }
    });
  });
});
