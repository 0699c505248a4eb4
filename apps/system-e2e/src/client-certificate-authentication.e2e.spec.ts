import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { selfSigned, Sender, sha256Hex, TestAuthority, type Answer, type TestCertificate } from '@sluice/testing';
import { unzipSync } from 'fflate';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Administrator, type Flow, type ServiceKey } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithCertificate, senderWithKey, senderWithoutCertificate } from './stack/senders.js';

const clientAuth = '1.3.6.1.5.5.7.3.2';
const day = 86_400_000;

describe('client certificate authentication for integration flow processing', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  const senders: Sender[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterEach(() => senders.splice(0).forEach((sender) => sender.close()));
  afterAll(() => stack?.stop());

  function open(sender: Sender): Sender {
    senders.push(sender);
    return sender;
  }

  const withKey = (key: ServiceKey) => open(senderWithKey(stack, key));
  const withCertificate = (certificate: TestCertificate, chain?: string) =>
    open(senderWithCertificate(stack, certificate, chain));

  /** What a sender may trust: the root out of the connectivity test's files, and nothing else. */
  async function rootFromConnectivityTest(): Promise<string> {
    const { port } = new URL(stack.facts.flowUrl);
    const test = await administrator.client.expect<{
      id: string;
      status: string;
      certificates: { subjectdn: string; root: boolean; file: string; sha256: string }[];
    }>(201, 'POST', '/v1/connectivity-tests', {
      host: 'localhost',
      port: Number(port),
      validateServerCertificate: false,
    });
    expect(test.status).toBe('succeeded');
    expect(test.certificates.map(({ root }) => root)).toEqual([false, true]);
    const zip = await administrator.client.request<undefined>(
      'GET',
      `/v1/connectivity-tests/${test.id}/certificates.zip`,
    );
    expect(zip.contentType).toBe('application/zip');
    const files = unzipSync(zip.bytes);
    expect(Object.keys(files).sort()).toEqual(test.certificates.map(({ file }) => file).sort());
    const root = test.certificates.find((certificate) => certificate.root);
    expect(root?.file).toMatch(/\.cer$/);
    const der = files[root?.file ?? ''] as Uint8Array;
    expect(sha256Hex(der)).toBe(root?.sha256);
    return new X509Certificate(der).toString();
  }

  describe('the procedure', () => {
    it.each([
      ['RSA', { 'key-algorithm': 'RSA', 'key-length': 2048 }, 'rsa'],
      ['P-256', { 'key-algorithm': 'P-256' }, 'ec'],
    ])('lets a sender with a generated %s certificate run the flow', async (_name, keyParameters, keyType) => {
      // 1. Look up the role to be used: the standard one is there, and a custom one is made.
      const { items } = await administrator.client.expect<{ items: { name: string; owner: string }[] }>(
        200,
        'GET',
        '/v1/user-roles',
      );
      expect(items).toContainEqual(expect.objectContaining({ name: 'ESBMessaging.send', owner: 'SAP' }));
      const role = await administrator.createRole();

      // 2. and 3. Service instance with that role, and a service key of type certificate, which brings the certificate.
      const instance = await administrator.createInstance([role]);
      const key = await administrator.createKey(instance, {
        'key-type': 'certificate',
        validity: 30,
        ...keyParameters,
      });
      const { credentials } = key;
      const chain = (credentials.certificate ?? '')
        .split(/(?<=-----END CERTIFICATE-----\n)/)
        .map((pem) => new X509Certificate(pem));
      const [leaf, issuing, root] = chain as [X509Certificate, X509Certificate, X509Certificate];
      expect(chain).toHaveLength(3);
      expect(leaf.verify(issuing.publicKey) && issuing.verify(root.publicKey) && root.verify(root.publicKey)).toBe(
        true,
      );
      expect(leaf.keyUsage).toContain(clientAuth);
      expect(leaf.publicKey.asymmetricKeyType).toBe(keyType);
      expect(leaf.checkPrivateKey(createPrivateKey(credentials.key ?? ''))).toBe(true);
      expect(leaf.validToDate.getTime() - Date.now()).toBeLessThanOrEqual(30 * day);
      expect(leaf.validToDate.getTime() - Date.now()).toBeGreaterThan(30 * day - 3_600_000);
      expect(BigInt(`0x${leaf.serialNumber}`)).toBeGreaterThan(2n ** 100n);
      expect(credentials.certificatedetails?.serialnumber.toLowerCase()).toBe(`0x${leaf.serialNumber.toLowerCase()}`);
      expect(credentials.certificatedetails?.validuntil).toBe(leaf.validToDate.toISOString());
      expect(credentials).toMatchObject({
        clientid: expect.any(String),
        url: stack.facts.flowUrl,
        tokenurl: expect.stringMatching(/^https:/),
      });
      const shownLater = await administrator.client.expect<ServiceKey>(200, 'GET', `/v1/service-keys/${key.id}`);
      expect(shownLater.credentials.key).toBeUndefined();
      expect(shownLater.credentials.certificate).toBe(credentials.certificate);

      // 4. The sender's keystore: the root of the server certificate, by the connectivity test, and the client certificate.
      const trusts = await rootFromConnectivityTest();
      const sender = open(
        new Sender({ url: stack.facts.flowUrl, trusts, certificate: credentials.certificate, key: credentials.key }),
      );

      // 5. The flow, with that role in its sender channel, deployed.
      const flow = await administrator.deployFlow({ role });
      expect(flow).toMatchObject({ status: 'started', warnings: [] });

      // Next steps: the sender calls the endpoint.
      const answer = await sender.send(new URL(flow.endpoints[0]?.url ?? '').pathname, { body: 'hello' });
      expect([answer.status, answer.text]).toEqual([200, 'hello']);
      const message = await administrator.messageLog(String(answer.headers['sap_messageprocessinglogid']));
      expect(message).toMatchObject({ flow: flow.id, status: 'COMPLETED' });
    });

    it('lets a sender with an external certificate run the flow, when its root was added while everything ran', async () => {
      const root = await TestAuthority.root({ subject: 'CN=Sender Root,O=Partner', keyType: 'RSA-2048' });
      const issuing = await root.intermediate({ subject: 'CN=Sender Issuing,O=Partner' });
      const certificate = await issuing.leaf({ subject: 'CN=partner,O=Partner' });
      const role = await administrator.createRole();
      const instance = await administrator.createInstance([role]);
      const key = await administrator.createExternalKey(instance, certificate.pem);
      expect(key.credentials.key).toBeUndefined();
      expect(key.credentials.certificate).toBe(certificate.pem);
      expect(key.credentials.certificatedetails).toMatchObject({
        subjectdn: 'CN=partner,O=Partner',
        issuerdn: 'CN=Sender Issuing,O=Partner',
      });
      const flow = await administrator.deployFlow({ role });
      const sender = withCertificate(certificate);
      expect((await sender.send(`/http/${flow.id}`)).status).toBe(401);

      const added = await administrator.addTrustedRoot(root.pem);
      expect(added.sha256).toBe(root.certificate.sha256);
      const answer = await sender.send(`/http/${flow.id}`, { body: 'order' });
      expect([answer.status, answer.text, answer.sameConnection]).toEqual([200, 'order', false]);
    });

    it('answers 204 when the flow leaves nothing, and names the message', async () => {
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      const flow = await administrator.deployFlow();
      const answer = await withKey(key).send(`/http/${flow.id}`);
      expect([answer.status, answer.text]).toEqual([204, '']);
      expect(answer.headers['sap_messageprocessinglogid']).toBeDefined();
    });
  });

  describe('a caller who is not let in', () => {
    let root: TestAuthority;
    let flow: Flow;

    beforeAll(async () => {
      root = await TestAuthority.root({ subject: 'CN=Known Root,O=Known' });
      await administrator.addTrustedRoot(root.pem);
      flow = await administrator.deployFlow();
    });

    /** Every kind of caller that a stranger must not be able to tell apart, with the reason the administrator is to see. */
    async function unknownCallers(): Promise<[string, Sender, RegExp][]> {
      const strange = await TestAuthority.root({ subject: 'CN=Strange Root' });
      const instance = await administrator.createInstance();
      const deleted = await administrator.createCertificateKey(instance);
      await administrator.deleteKey(deleted);
      const revoked = await administrator.createCertificateKey(instance);
      await administrator.client.expect(200, 'POST', `/v1/service-keys/${revoked.id}/revoke`, {
        reason: 'keyCompromise',
      });
      const expired = { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) };
      return [
        ['no certificate', open(senderWithoutCertificate(stack)), /^no-certificate$/],
        [
          'a certificate of an unknown CA',
          withCertificate(await strange.leaf({ subject: 'CN=a' })),
          /^(unknown-issuer|untrusted-root)$/,
        ],
        [
          'a certificate that signed itself',
          withCertificate(await selfSigned({ subject: 'CN=a' })),
          /^(unknown-issuer|untrusted-root)$/,
        ],
        [
          'a certificate in no service key',
          withCertificate(await root.leaf({ subject: 'CN=a,O=Known' })),
          /^no-service-key$/,
        ],
        [
          'an expired certificate',
          withCertificate(await root.leaf({ subject: 'CN=b,O=Known', ...expired })),
          /^expired$/,
        ],
        [
          'a certificate that is not valid yet',
          withCertificate(await root.leaf({ subject: 'CN=c,O=Known', notBefore: new Date(Date.now() + day) })),
          /^not-yet-valid$/,
        ],
        ['a deleted key', withKey(deleted), /^no-service-key$/],
        ['a revoked key', withKey(revoked), /^key-revoked$/],
      ];
    }

    /** Everything of an answer a caller can see, without what is drawn at random or the time. */
    function seen(answer: Answer): string {
      const decisionId = answer.json<{ decisionId: string }>().decisionId;
      expect(answer.headers['sluice-decision-id']).toBe(decisionId);
      expect(decisionId).toMatch(/^[A-Za-z0-9_-]{22}$/);
      const lines = answer.rawHeaders.flatMap((name, index) =>
        index % 2 === 0 ? [`${name}: ${answer.rawHeaders[index + 1]}`] : [],
      );
      return [answer.status, ...lines, '', answer.text]
        .join('\n')
        .replaceAll(decisionId, '<decision>')
        .replace(/^Date: .*$/m, 'Date: <date>');
    }

    it('gets the same bytes whatever is wrong, and the administrator sees what it was (attack 35)', async () => {
      const answers = new Map<string, string>();
      for (const [kind, sender, reason] of await unknownCallers()) {
        const answer = await sender.send(`/http/${flow.id}`, { body: 'x' });
        answers.set(kind, seen(answer));
        const decision = await administrator.decision(answer.json<{ decisionId: string }>().decisionId);
        expect([kind, decision.outcome, decision.status]).toEqual([kind, 'denied', 401]);
        expect(decision.reason).toMatch(reason);
        expect(decision.checks.some(({ ok }) => !ok)).toBe(true);
      }
      const kinds = [...new Set(answers.values())];
      expect(kinds).toHaveLength(1);
      expect(kinds[0]).toMatch(/^401\n/);
      expect(kinds[0]).toContain('application/problem+json');
    });

    it('is explained to the administrator by what came nearest: a renewed certificate, a root, an extended key usage', async () => {
      const instance = await administrator.createInstance();
      const names = { subject: 'CN=renewed,O=Known' };
      const key = await administrator.createExternalKey(instance, (await root.leaf(names)).pem);
      const nearest = async (sender: Sender) => {
        const answer = await sender.send(`/http/${flow.id}`, { body: 'x' });
        expect(answer.status).toBe(401);
        return (await administrator.decision(String(answer.headers['sluice-decision-id']))).nearestMatch;
      };
      expect(await nearest(withCertificate(await root.leaf(names)))).toMatch(
        new RegExp(`^Same subject and issuer as the service key .*${key.id}.*another serial number.*renewed`),
      );
      const strange = await TestAuthority.root({ subject: 'CN=Strange Root' });
      expect(await nearest(withCertificate(await strange.leaf({ subject: 'CN=a' })))).toMatch(
        /its root is not trusted/,
      );
      const serverOnly = await root.leaf({ subject: 'CN=d,O=Known', extendedKeyUsage: ['serverAuth'] });
      expect(await nearest(withCertificate(serverOnly))).toMatch(/client authentication is missing: public CAs/);
    });

    it('gets those bytes also where there is no endpoint, so that nobody learns which there are', async () => {
      const caller = withCertificate(await root.leaf({ subject: 'CN=no key,O=Known' }));
      const [there, nowhere] = [await caller.send(`/http/${flow.id}`), await caller.send('/http/nowhere')];
      expect(seen(nowhere)).toBe(seen(there));
      const stranger = open(senderWithoutCertificate(stack));
      expect(seen(await stranger.send('/http/nowhere'))).toBe(seen(there));
      expect(seen(await stranger.send('/anything/else'))).toBe(seen(there));
    });

    it('is told 403 with the right key and without the role, and 404 with the right key where there is no endpoint', async () => {
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      const guarded = await administrator.deployFlow({ role: await administrator.createRole() });
      const sender = withKey(key);
      const forbidden = await sender.send(`/http/${guarded.id}`);
      expect(forbidden.status).toBe(403);
      expect(forbidden.text).not.toContain('Orders.write');
      const decision = await administrator.decision(String(forbidden.headers['sluice-decision-id']));
      expect(decision).toMatchObject({ outcome: 'denied', status: 403, flow: guarded.id, serviceKey: { id: key.id } });
      expect(decision.certificate?.sha256).toBe(key.certificates[0]?.sha256);
      expect((await sender.send('/http/nowhere')).status).toBe(404);
      expect((await sender.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
    });

    it('learns nothing of a decision: its record is for administrators', async () => {
      const answer = await open(senderWithoutCertificate(stack)).send(`/http/${flow.id}`);
      const id = answer.json<{ decisionId: string }>().decisionId;
      const { url } = { url: stack.facts.adminUrl };
      expect((await fetch(`${url}/v1/decisions/${id}`)).status).toBe(401);
      expect(
        (await fetch(`${url}/v1/decisions/${id}`, { headers: { authorization: 'Bearer slu_wrong' } })).status,
      ).toBe(401);
      const record = await administrator.decision(id);
      expect(record).toMatchObject({
        id,
        outcome: 'denied',
        reason: 'no-certificate',
        path: `/http/${flow.id}`,
        flow: flow.id,
      });
    });

    it('is told 413 for a body over the limit of the channel, and not for one at the limit', async () => {
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      const small = await administrator.deployFlow({ sender: { maximumBodySizeMb: 1 } });
      const sender = withKey(key);
      const atLimit = await sender.send(`/http/${small.id}`, { body: Buffer.alloc(1_048_576, 'x') });
      expect([atLimit.status, atLimit.bytes.length]).toEqual([200, 1_048_576]);
      const over = await sender.send(`/http/${small.id}`, { body: Buffer.alloc(1_048_577, 'x') });
      expect(over.status).toBe(413);
      // Without a length that says so beforehand, too.
      const chunked = await sender.send(`/http/${small.id}`, {
        headers: { 'transfer-encoding': 'chunked' },
        body: Buffer.alloc(1_048_577, 'x'),
      });
      expect(chunked.status).toBe(413);
      expect((await sender.send(`/http/${small.id}`, { body: 'x' })).status).toBe(200);
    });
  });

  describe('a connection that is already open', () => {
    let flow: Flow;

    beforeAll(async () => {
      flow = await administrator.deployFlow();
    });

    async function expectNext(sender: Sender, status: number, to = flow): Promise<Answer> {
      const answer = await sender.send(`/http/${to.id}`, { body: 'x' });
      expect([answer.status, answer.sameConnection]).toEqual([status, true]);
      return answer;
    }

    async function connected(sender: Sender, to = flow): Promise<Sender> {
      // Twice: the second is answered from what the runtime remembers.
      expect((await sender.send(`/http/${to.id}`, { body: 'x' })).status).toBe(200);
      await expectNext(sender, 200, to);
      return sender;
    }

    it('is refused on its next request when the key is deleted', async () => {
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      const sender = await connected(withKey(key));
      await administrator.deleteKey(key);
      await expectNext(sender, 401);
    });

    it('is refused on its next request when the key is revoked', async () => {
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      const sender = await connected(withKey(key));
      await administrator.client.expect(200, 'POST', `/v1/service-keys/${key.id}/revoke`, {});
      await expectNext(sender, 401);
    });

    it('is refused on its next request when the service instance is deleted', async () => {
      const instance = await administrator.createInstance();
      const sender = await connected(withKey(await administrator.createCertificateKey(instance)));
      const refused = await administrator.client.request('DELETE', `/v1/service-instances/${instance.id}`);
      expect([refused.status, refused.body.code]).toEqual([409, 'service-instance-in-use']);
      await administrator.client.expect(204, 'DELETE', `/v1/service-instances/${instance.id}?force=true`);
      await expectNext(sender, 401);
    });

    it('is refused on its next request when its trusted root is removed, and let in when it is added again', async () => {
      const root = await TestAuthority.root({ subject: 'CN=Removed Root' });
      const certificate = await root.leaf({ subject: 'CN=shop' });
      const { sha256 } = await administrator.addTrustedRoot(root.pem);
      await administrator.createExternalKey(await administrator.createInstance(), certificate.pem);
      const sender = await connected(withCertificate(certificate));
      await administrator.removeTrustedRoot(sha256);
      const refused = await expectNext(sender, 401);
      const { reason } = await administrator.decision(refused.json<{ decisionId: string }>().decisionId);
      expect(reason).toMatch(/^(unknown-issuer|untrusted-root)$/);
      await administrator.addTrustedRoot(root.pem);
      // A 401 ends its connection, so that a pool of a sender makes a new one.
      const answer = await sender.send(`/http/${flow.id}`, { body: 'x' });
      expect([answer.status, answer.sameConnection]).toEqual([200, false]);
    });

    it('is forbidden on its next request when the role is taken from the instance, and let in when it is given back', async () => {
      const role = await administrator.createRole();
      const instance = await administrator.createInstance([role]);
      const guarded = await administrator.deployFlow({ role });
      const sender = await connected(withKey(await administrator.createCertificateKey(instance)), guarded);
      await administrator.setRoles(instance, ['ESBMessaging.send']);
      await expectNext(sender, 403, guarded);
      await administrator.setRoles(instance, ['ESBMessaging.send', role]);
      await expectNext(sender, 200, guarded);
    });

    it('finds another role at its next request when the flow is deployed with one', async () => {
      const instance = await administrator.createInstance();
      const changing = await administrator.deployFlow();
      const sender = await connected(withKey(await administrator.createCertificateKey(instance)), changing);
      const role = await administrator.createRole();
      const definition = {
        name: changing.id,
        sender: { adapter: 'HTTPS', address: `/${changing.id}`, authorization: { type: 'UserRole', role } },
        steps: [],
      };
      await administrator.client.expect(200, 'PUT', `/v1/flows/${changing.id}`, definition);
      await expectNext(sender, 403, changing);
      await administrator.client.expect(204, 'DELETE', `/v1/flows/${changing.id}`);
      await expectNext(sender, 404, changing);
    });

    it('lets old and new certificate in during the overlap of a rotation, and only the new one without overlap', async () => {
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      const old = await connected(withKey(key));
      const second = await administrator.client.expect<ServiceKey>(200, 'POST', `/v1/service-keys/${key.id}/rotate`, {
        overlapSeconds: 3_600,
      });
      expect(second.id).toBe(key.id);
      const next = await connected(withKey(second));
      await expectNext(old, 200);
      const third = await administrator.client.expect<ServiceKey>(200, 'POST', `/v1/service-keys/${key.id}/rotate`, {
        overlapSeconds: 0,
      });
      await connected(withKey(third));
      await expectNext(old, 401);
      await expectNext(next, 401);
    });
  });

  describe('the authorization Client Certificate', () => {
    it('compares the names of the certificate, and warns at deploy that this is not recommended', async () => {
      const root = await TestAuthority.root({ subject: 'CN=DN Root,O=Partner' });
      await administrator.addTrustedRoot(root.pem);
      const authorization = {
        type: 'ClientCertificate',
        certificates: [{ subjectDN: 'CN=partner, O=Partner', issuerDN: 'CN=DN Root,O=Partner' }],
      };
      const flow = await administrator.deployFlow({ authorization });
      expect(flow.warnings).toHaveLength(1);
      expect(flow.warnings[0]?.message).toMatch(/deployed again/);
      const path = `/http/${flow.id}`;

      const listed = withCertificate(await root.leaf({ subject: 'CN=partner,O=Partner' }));
      const answer = await listed.send(path, { body: 'hello' });
      expect([answer.status, answer.text]).toEqual([200, 'hello']);
      // A renewed certificate with the same names needs nothing; one with others is forbidden, and a strange CA's is unknown.
      expect(
        (await withCertificate(await root.leaf({ subject: 'CN=partner,O=Partner' })).send(path, { body: 'x' })).status,
      ).toBe(200);
      expect((await withCertificate(await root.leaf({ subject: 'CN=other,O=Partner' })).send(path)).status).toBe(403);
      const impostor = await TestAuthority.root({ subject: 'CN=DN Root,O=Partner' });
      expect((await withCertificate(await impostor.leaf({ subject: 'CN=partner,O=Partner' })).send(path)).status).toBe(
        401,
      );
      expect((await open(senderWithoutCertificate(stack)).send(path)).status).toBe(401);

      await administrator.removeTrustedRoot(root.certificate.sha256);
      const refused = await listed.send(path);
      expect([refused.status, refused.sameConnection]).toEqual([401, true]);
    });
  });

  describe('what the administrator writes', () => {
    it.each([
      ['with line breaks', (pem: string) => pem],
      ['with \\n escapes', (pem: string) => pem.replaceAll('\n', '\\n')],
      ['with the line breaks lost', (pem: string) => pem.replaceAll('\n', '')],
      ['with the line breaks turned into spaces', (pem: string) => pem.replaceAll('\n', ' ').trim()],
      ['with the line breaks of Windows', (pem: string) => pem.replaceAll('\n', '\r\n')],
    ])('may hold an external certificate in PEM %s', async (_form, write) => {
      const root = await TestAuthority.root({ subject: 'CN=PEM Root' });
      await administrator.addTrustedRoot(root.pem);
      const certificate = await root.leaf({ subject: 'CN=pem' });
      const key = await administrator.createExternalKey(await administrator.createInstance(), write(certificate.pem));
      expect(key.certificates[0]?.sha256).toBe(certificate.sha256);
      expect(key.credentials.certificate).toBe(certificate.pem);
      const flow = await administrator.deployFlow();
      expect((await withCertificate(certificate).send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
    });

    it('may hold one certificate and not a chain, none that is expired, none of a CA', async () => {
      const root = await TestAuthority.root({ subject: 'CN=Root' });
      const leaf = await root.leaf({ subject: 'CN=leaf' });
      const expired = await root.leaf({
        subject: 'CN=old',
        notBefore: new Date(Date.now() - 2 * day),
        notAfter: new Date(Date.now() - day),
      });
      const instance = await administrator.createInstance();
      const post = (pem: string) =>
        administrator.client.request('POST', `/v1/service-instances/${instance.id}/service-keys`, {
          name: administrator.newName('key-'),
          parameters: { 'key-type': 'certificate_external', 'X.509': pem },
        });
      for (const [pem, said] of [
        [leaf.chainPem, /one certificate/],
        [expired.pem, /expired at/],
        [root.pem, /CA/],
        ['no certificate', /./],
        [leaf.pem.replace('MII', 'MIJ'), /./],
      ] as const) {
        const answer = await post(pem);
        expect(answer.status).toBe(400);
        expect(answer.contentType).toContain('application/problem+json');
        expect(answer.body.detail).toMatch(said);
      }
    });

    it('may name a certificate in one service key only, across all instances (409)', async () => {
      const certificate = await selfSigned({ subject: 'CN=twice' });
      const parameters = { 'key-type': 'certificate_external', 'X.509': certificate.pem };
      const [first, second] = [await administrator.createInstance(), await administrator.createInstance()];
      await administrator.createKey(first, parameters);
      for (const instance of [first, second]) {
        const answer = await administrator.client.request('POST', `/v1/service-instances/${instance.id}/service-keys`, {
          name: 'another',
          parameters,
        });
        expect([answer.status, answer.body.code]).toEqual([409, 'certificate-in-use']);
      }
      const listed = await administrator.client.expect<{ items: unknown[] }>(
        200,
        'GET',
        `/v1/service-instances/${second.id}/service-keys`,
      );
      expect(listed.items).toEqual([]);
    });

    it('may not be put into a second key by two requests at once', async () => {
      const certificate = await selfSigned({ subject: 'CN=race' });
      const parameters = { 'key-type': 'certificate_external', 'X.509': certificate.pem };
      const instances = await Promise.all([1, 2, 3, 4].map(() => administrator.createInstance()));
      const answers = await Promise.all(
        instances.map(({ id }) =>
          administrator.client.request('POST', `/v1/service-instances/${id}/service-keys`, { name: 'k', parameters }),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    });

    it('may not delete or change a predefined role (409)', async () => {
      for (const name of ['ESBMessaging.send', 'API.invoke']) {
        const deleted = await administrator.client.request('DELETE', `/v1/user-roles/${name}`);
        expect([deleted.status, deleted.body.code]).toEqual([409, 'role-predefined']);
        const changed = await administrator.client.request('PATCH', `/v1/user-roles/${name}`, { description: 'mine' });
        expect([changed.status, changed.body.code]).toEqual([409, 'role-predefined']);
      }
    });

    it('may not delete a role in use (409), and is told by whom', async () => {
      const role = await administrator.createRole();
      const instance = await administrator.createInstance([role]);
      const flow = await administrator.deployFlow({ role });
      const answer = await administrator.client.request('DELETE', `/v1/user-roles/${role}`);
      expect([answer.status, answer.body.code]).toEqual([409, 'role-in-use']);
      expect(answer.body.users?.serviceInstances).toEqual([{ id: instance.id, name: instance.name }]);
      expect(answer.body.users?.flows).toEqual([{ id: flow.id, name: flow.id }]);
      await administrator.setRoles(instance, ['ESBMessaging.send']);
      await administrator.client.expect(204, 'DELETE', `/v1/flows/${flow.id}`);
      await administrator.client.expect(204, 'DELETE', `/v1/user-roles/${role}`);
    });

    it('may not grant a role that does not exist', async () => {
      const answer = await administrator.client.request('POST', '/v1/service-instances', {
        name: 'n',
        plan: 'integration-flow',
        parameters: { roles: ['No.such'] },
      });
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid-argument']);
      expect(answer.body.detail).toContain('No.such');
    });

    it('may not deploy a second flow at an address (409)', async () => {
      const flow = await administrator.deployFlow();
      const definition = {
        name: 'second',
        sender: {
          adapter: 'HTTPS',
          address: `/${flow.id}`,
          authorization: { type: 'UserRole', role: 'ESBMessaging.send' },
        },
        steps: [],
      };
      const answer = await administrator.client.request('PUT', '/v1/flows/second-at-the-address', definition);
      expect([answer.status, answer.body.code]).toEqual([409, 'address-in-use']);
      expect(answer.body.detail).toContain(`/${flow.id}`);
      const kept = await administrator.client.expect<Flow>(200, 'GET', '/v1/flows/second-at-the-address');
      expect([kept.status, kept.endpoints]).toEqual(['failed', []]);
    });

    it('may not ask for the deprecated grant type client_x509, and is told to use client_credentials', async () => {
      const answer = await administrator.client.request('POST', '/v1/service-instances', {
        name: 'old-style',
        plan: 'integration-flow',
        parameters: { 'grant-types': ['client_x509'] },
      });
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid-argument']);
      expect(answer.body.detail).toContain('client_credentials');
      expect(answer.body.violations?.[0]?.field).toBe('parameters.grant-types[0]');
    });

    it('needs the grant type client_credentials for a key with a certificate', async () => {
      const instance = await administrator.client.expect<{ id: string }>(201, 'POST', '/v1/service-instances', {
        name: administrator.newName('code-only-'),
        plan: 'integration-flow',
        parameters: { 'grant-types': ['authorization_code'] },
      });
      const answer = await administrator.client.request('POST', `/v1/service-instances/${instance.id}/service-keys`, {
        name: 'k',
        parameters: { 'key-type': 'certificate' },
      });
      expect(answer.status).toBe(400);
      expect(answer.body.detail).toContain('client_credentials');
    });

    it.each(['x'.repeat(33), '', 'with space', 'ümlaut', 'slash/slash', 7, null])(
      'may not name an instance or a key %p',
      async (name) => {
        const instance = await administrator.client.request('POST', '/v1/service-instances', {
          name,
          plan: 'integration-flow',
        });
        expect([instance.status, instance.body.violations?.[0]?.field]).toEqual([400, 'name']);
        const { id } = await administrator.createInstance();
        const key = await administrator.client.request('POST', `/v1/service-instances/${id}/service-keys`, {
          name,
          parameters: { 'key-type': 'client_secret' },
        });
        expect([key.status, key.body.violations?.[0]?.field]).toEqual([400, 'name']);
      },
    );

    it('may name an instance and a key with 32 characters', async () => {
      const name = administrator.newName('A-z.0_').padEnd(32, 'x');
      const instance = await administrator.createInstance(undefined, name);
      const key = await administrator.createKey(instance, { 'key-type': 'client_secret' }, name);
      expect([instance.name, key.name]).toEqual([name, name]);
      expect(key.credentials.clientsecret).toEqual(expect.any(String));
    });

    it('may not hold a parameter nobody knows, and is told which are known', async () => {
      const { id } = await administrator.createInstance();
      const keys = `/v1/service-instances/${id}/service-keys`;
      const cases: [string, string, unknown, string][] = [
        [
          'POST',
          '/v1/service-instances',
          { name: 'n', plan: 'integration-flow', parameters: { rolez: [] } },
          'parameters.rolez',
        ],
        ['POST', '/v1/service-instances', { name: 'n', plan: 'integration-flow', parametres: {} }, 'parametres'],
        ['POST', '/v1/service-instances', { name: 'n', plan: 'gold' }, 'plan'],
        ['PATCH', `/v1/service-instances/${id}`, { parameters: { 'token-validity': 10 } }, 'parameters.token-validity'],
        ['POST', keys, { name: 'k', parameters: { 'key-type': 'certificate', validty: 10 } }, 'parameters.validty'],
        ['POST', keys, { name: 'k', parameters: { 'key-type': 'certificate', validity: 366 } }, 'parameters.validity'],
        [
          'POST',
          keys,
          { name: 'k', parameters: { 'key-type': 'certificate', 'key-length': 1024 } },
          'parameters.key-length',
        ],
        ['POST', keys, { name: 'k', parameters: { 'key-type': 'certificate_external' } }, 'parameters.X.509'],
        [
          'POST',
          keys,
          { name: 'k', parameters: { 'key-type': 'client_secret', validity: 366 } },
          'parameters.validity',
        ],
        [
          'POST',
          keys,
          { name: 'k', parameters: { 'key-type': 'client_secret', 'key-algorithm': 'RSA' } },
          'parameters.key-algorithm',
        ],
        ['POST', '/v1/user-roles', { name: 'Sp ace' }, 'name'],
        ['POST', '/v1/user-roles', { name: 'Fine', owner: 'SAP' }, 'owner'],
      ];
      for (const [method, path, body, field] of cases) {
        const answer = await administrator.client.request(method, path, body);
        expect([field, answer.status, answer.body.code]).toEqual([field, 400, 'invalid-argument']);
        expect(answer.body.violations?.map((violation) => violation.field)).toContain(field);
      }
    });

    it('is written by an administrator only', async () => {
      const stranger = new Administrator(stack.facts.adminUrl, 'slu_wrong');
      for (const [method, path] of [
        ['GET', '/v1/user-roles'],
        ['POST', '/v1/trusted-roots'],
        ['DELETE', '/v1/service-keys/x'],
        ['GET', '/v1/flows'],
      ] as const) {
        const answer = await stranger.client.request(method, path, method === 'POST' ? {} : undefined);
        expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
      }
    });
  });
});
