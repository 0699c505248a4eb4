import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  exchangeBytes,
  testKey,
  TestAuthority,
  until,
  visit,
  type Sender,
  type TestCertificate,
  type Visit,
  type VisitOptions,
} from '@sluice/testing';
import { renameSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Administrator, type Flow, type ServiceKey } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithCertificate, senderWithKey } from './stack/senders.js';

/** The attacks that need a whole stack behind the sockets. docs/attacks.md says where each number is tested. */
describe('attacks on the flow endpoints', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  let root: TestAuthority;
  let registered: TestCertificate;
  let flow: Flow;
  const senders: Sender[] = [];
  const sockets: Socket[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start({ environment: { SLUICE_SERVER_NAMES: 'orders.example' } });
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    flow = await administrator.deployFlow();
    root = await TestAuthority.root({ subject: 'CN=Partner Root,O=Partner' });
    await administrator.addTrustedRoot(root.pem);
    registered = await root.leaf({ subject: 'CN=registered,O=Partner' });
    await administrator.createExternalKey(await administrator.createInstance(), registered.pem);
  }, 120_000);

  afterEach(() => {
    senders.splice(0).forEach((sender) => sender.close());
    sockets.splice(0).forEach((socket) => socket.destroy());
  });
  afterAll(() => stack?.stop());

  function open(sender: Sender): Sender {
    senders.push(sender);
    return sender;
  }

  const call = (certificate: TestCertificate | undefined, options: Partial<VisitOptions> = {}): Promise<Visit> =>
    visit({
      url: stack.facts.flowUrl,
      trusts: stack.serverRoot,
      certificate: certificate?.chainPem,
      key: certificate?.key.pem,
      path: `/http/${flow.id}`,
      body: 'x',
      ...options,
    });
  const callWithKey = (key: ServiceKey, options: Partial<VisitOptions> = {}) =>
    call(undefined, { certificate: key.credentials.certificate, key: key.credentials.key, ...options });

  async function reasonOf(answer: Visit): Promise<string> {
    return (await administrator.decision((JSON.parse(answer.text) as { decisionId: string }).decisionId)).reason;
  }

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('on a resumed session (%s)', (version) => {
    it('a sender is known by its leaf alone, also where the decision has to be made anew', async () => {
      const first = await call(registered, { version });
      expect([first.resumed, first.status]).toEqual([false, 200]);
      const again = await call(registered, { version, session: first.session });
      expect([again.resumed, again.status]).toEqual([true, 200]);
      // Never decided for this endpoint: the verifier gets the chain of the full handshake.
      const other = await administrator.deployFlow();
      const elsewhere = await call(registered, { version, session: first.session, path: `/http/${other.id}` });
      expect([elsewhere.resumed, elsewhere.status]).toEqual([true, 200]);
    });

    it('attack 02: the certificate is judged on each request: a revoked key is refused at once', async () => {
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      const { session, status } = await callWithKey(key, { version });
      expect(status).toBe(200);
      expect((await callWithKey(key, { version, session })).resumed).toBe(true);
      await administrator.client.expect(200, 'POST', `/v1/service-keys/${key.id}/revoke`, {});
      const refused = await callWithKey(key, { version, session });
      expect([refused.resumed, refused.status]).toEqual([true, 401]);
    });

    it('attack 02: it is not resumed once the root is no longer trusted, and the certificate is refused', async () => {
      const gone = await TestAuthority.root({ subject: 'CN=Gone Root,O=Partner' });
      const { sha256 } = await administrator.addTrustedRoot(gone.pem);
      const leaf = await gone.leaf({ subject: `CN=${version},O=Partner` });
      await administrator.createExternalKey(await administrator.createInstance(), leaf.pem);
      const { session, status } = await call(leaf, { version });
      expect(status).toBe(200);
      expect((await call(leaf, { version, session })).resumed).toBe(true);
      await administrator.removeTrustedRoot(sha256);
      const refused = await call(leaf, { version, session });
      expect([refused.resumed, refused.status]).toEqual([false, 401]);
      expect(await reasonOf(refused)).toMatch(/^(unknown-issuer|untrusted-root)$/);
    });

    it('attack 03: one without a certificate gives nobody a name', async () => {
      const anonymous = await call(undefined, { version });
      expect(anonymous.status).toBe(401);
      expect((await call(registered, { version, session: anonymous.session })).status).toBe(401);
      expect((await call(registered, { version })).status).toBe(200);
    });

    it('attack 01: it is worth at another host name what a full handshake is', async () => {
      const unknown = await root.leaf({ subject: 'CN=unknown,O=Partner' });
      for (const [certificate, expected] of [
        [registered, 200],
        [unknown, 401],
      ] as const) {
        const { session } = await call(certificate, { version });
        const options = { version, serverName: 'orders.example', host: 'orders.example' };
        const full = await call(certificate, options);
        const resumed = await call(certificate, { ...options, session });
        expect([full.status, resumed.status]).toEqual([expected, expected]);
      }
    });
  });

  it('attacks 04 and 05: the host name in another case, or with a dot at its end, changes nothing', async () => {
    for (const serverName of ['localhost', 'LOCALHOST', 'Orders.EXAMPLE', 'orders.example.', 'orders.example']) {
      const asked = { serverName, host: serverName.toLowerCase() };
      expect([serverName, (await call(registered, asked)).status]).toEqual([serverName, 200]);
      expect([serverName, (await call(undefined, asked)).status]).toEqual([serverName, 401]);
    }
    expect((await call(registered, { host: 'LocalHost.:443' })).status).toBe(200);
  });

  it('attack 06: a request for another host than the one connected to gets 421', async () => {
    const made = await call(registered, { host: 'other.example' });
    expect([made.status, made.head]).toEqual([421, expect.stringContaining('application/problem+json')]);
    expect((await call(registered, { serverName: 'orders.example', host: 'orders.example' })).status).toBe(200);
  });

  it('attack 07: a ClientHello in fragments is asked for its certificate as one in one piece', async () => {
    for (const fragmentBytes of [11, 100]) {
      expect((await call(registered, { fragmentBytes })).status).toBe(200);
      expect((await call(undefined, { fragmentBytes })).status).toBe(401);
    }
  });

  it('attack 20: a CA below a path length that allows none is refused', async () => {
    const short = await TestAuthority.root({ subject: 'CN=Short Root,O=Partner', pathLength: 0 });
    await administrator.addTrustedRoot(short.pem);
    const below = await short.intermediate({ subject: 'CN=Below,O=Partner' });
    const refused = await call(await below.leaf({ subject: 'CN=deep,O=Partner' }));
    expect([refused.status, await reasonOf(refused)]).toEqual([401, 'path-length-exceeded']);
  });

  it('attack 20: a CA that may not sign certificates is refused', async () => {
    const issuing = await root.intermediate({ subject: 'CN=No Signer,O=Partner', keyUsage: ['cRLSign'] });
    const refused = await call(await issuing.leaf({ subject: 'CN=signed,O=Partner' }));
    expect(refused.status).toBe(401);
    expect(await reasonOf(refused)).toBe('no-cert-sign');
  });

  it('attack 23: many CAs that signed each other take no time from others', async () => {
    const [left, right] = [testKey(), testKey()];
    const authorities: TestCertificate[] = [];
    const strange = await TestAuthority.root({ subject: 'CN=Strange,O=Partner' });
    for (let index = 0; index < 7; index++) {
      const above = authorities.length > 0 ? TestAuthority.of(authorities.at(-1) as TestCertificate) : strange;
      const a = await above.intermediate({ subject: 'CN=Left,O=Partner', key: left });
      const b = await a.intermediate({ subject: 'CN=Right,O=Partner', key: right });
      authorities.push(a.certificate, b.certificate);
    }
    const leaf = await TestAuthority.of(authorities.at(-1) as TestCertificate).leaf({ subject: 'CN=maze,O=Partner' });
    const others = open(senderWithCertificate(stack, registered));
    expect((await others.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
    const chain = [leaf, ...authorities].map(({ pem }) => pem).join('');
    const start = performance.now();
    const [refused, served] = await Promise.all([
      call(leaf, { certificate: chain }),
      others.send(`/http/${flow.id}`, { body: 'x' }),
    ]);
    expect([refused.status, served.status]).toEqual([401, 200]);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('attack 28: a request that can be read in two ways gets 400, and runs no flow', async () => {
    const sender = {
      url: stack.facts.flowUrl,
      trusts: stack.serverRoot,
      certificate: registered.chainPem,
      key: registered.key.pem,
    };
    const path = `/http/${flow.id}`;
    const second = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;
    for (const lines of [
      'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx',
      'Content-Length: 0\r\nContent-Length: 1\r\n\r\n',
      'X-A: b\nContent-Length: 0\r\n\r\n',
      'X-A: b\rc\r\nContent-Length: 0\r\n\r\n',
      'Host: orders.example\r\nContent-Length: 0\r\n\r\n',
    ]) {
      const { text, closed } = await exchangeBytes(`POST ${path} HTTP/1.1\r\nHost: localhost\r\n${lines}${second}`, {
        ...sender,
        until: () => false,
      });
      expect([lines, text.slice(0, 12), closed]).toEqual([lines, 'HTTP/1.1 400', true]);
      expect(text).not.toMatch(/HTTP\/1\.1 200/);
    }
  });

  it('attack 33: thousands of connections that say nothing keep nobody out', async () => {
    const port = Number(new URL(stack.facts.flowUrl).port);
    const regular = open(senderWithCertificate(stack, registered));
    expect((await regular.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
    // More than may wait from one address.
    for (let batch = 0; batch < 10; batch++) {
      const idle = Array.from({ length: 500 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
      sockets.push(...idle);
      await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    }
    const answer = await regular.send(`/http/${flow.id}`, { body: 'x' });
    expect([answer.status, answer.sameConnection]).toEqual([200, true]);
    expect((await call(registered)).status).toBe(200);
  });

  it('attack 35: who is refused cannot tell by the time it took why', async () => {
    const key = await administrator.createCertificateKey(await administrator.createInstance());
    const revoked = open(senderWithKey(stack, key));
    await administrator.client.expect(200, 'POST', `/v1/service-keys/${key.id}/revoke`, {});
    const unknown = open(senderWithCertificate(stack, await root.leaf({ subject: 'CN=nobody,O=Partner' })));
    const expired = open(
      senderWithCertificate(
        stack,
        await root.leaf({
          subject: 'CN=ended,O=Partner',
          notBefore: new Date(Date.now() - 172_800_000),
          notAfter: new Date(Date.now() - 86_400_000),
        }),
      ),
    );
    const times = new Map<Sender, number[]>([revoked, unknown, expired].map((sender) => [sender, []]));
    // A busy machine may decide too late, whoever calls: that tells nothing of them and is not counted.
    let undecided = 0;
    for (let round = 0; round < 41; round++) {
      for (const [sender, measured] of times) {
        let [status, start] = [503, 0];
        while (status === 503 && undecided < 20) {
          start = performance.now();
          status = (await sender.send(`/http/${flow.id}`, { body: 'x' })).status;
          if (status === 503) undecided++;
        }
        expect(status).toBe(401);
        if (round > 0) measured.push(performance.now() - start);
      }
    }
    const medians = [...times.values()].map((measured) => measured.sort((a, b) => a - b)[20] ?? Number.NaN);
    // One class: what differs is less than what the machine itself makes of it.
    expect(Math.max(...medians)).toBeLessThan(3 * Math.min(...medians) + 15);
  });

  it('a renewed server certificate is shown without dropping a connection', async () => {
    const tls = join(stack.home, 'tls');
    const regular = open(senderWithCertificate(stack, registered));
    expect((await regular.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
    const other = await TestAuthority.root({ subject: 'CN=Other Server Root' });
    const leaf = await other.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost', 'orders.example'],
    });
    const before = (await call(registered)).serverCertificate;
    const trusts = stack.serverRoot + other.pem;
    for (const [file, text] of [
      ['server.key', leaf.key.pem],
      ['server.pem', leaf.chainPem],
    ] as const) {
      writeFileSync(join(tls, `${file}.new`), text);
      renameSync(join(tls, `${file}.new`), join(tls, file));
    }
    await until(async () => (await call(registered, { trusts })).serverCertificate === leaf.sha256, {
      what: 'the new certificate is shown',
    });
    expect(before).not.toBe(leaf.sha256);
    const still = await regular.send(`/http/${flow.id}`, { body: 'x' });
    expect([still.status, still.sameConnection]).toEqual([200, true]);
  });
});
