import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Sender, TestAuthority, testKey, until, type TestCertificate } from '@sluice/testing';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Administrator, type Flow } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithCertificate } from './stack/senders.js';

interface Revocation {
  readonly crls: readonly { readonly url: string; readonly lastError?: string }[];
  readonly lists: readonly { readonly sha256: string; readonly entries: number; readonly source?: string }[];
}

describe('revocation by the CAs of trusted roots', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  let root: TestAuthority;
  let issuing: TestAuthority;
  let trusted: { sha256: string };
  let flow: Flow;
  let web: Server;
  let origin: string;
  const served = new Map<string, Uint8Array>();
  const senders: Sender[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    root = await TestAuthority.root({ subject: 'CN=Partner Root,O=Partner' });
    issuing = await root.intermediate({ subject: 'CN=Partner Issuing,O=Partner' });
    trusted = await administrator.addTrustedRoot(root.pem);
    flow = await administrator.deployFlow();
    web = createServer((request, response) => {
      const content = served.get(request.url ?? '');
      response.writeHead(content ? 200 : 404).end(content);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => web.once('listening', resolve));
    origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  });

  afterEach(() => senders.splice(0).forEach((sender) => sender.close()));
  afterAll(async () => {
    web?.close();
    await stack?.stop();
  });

  const path = () => `/http/${flow.id}`;
  const policyOf = (policy: object, status = 200) =>
    administrator.client.expect<{ revocation: Revocation }>(
      status,
      'PUT',
      `/v1/trusted-roots/${trusted.sha256}/revocation`,
      policy,
    );
  const upload = (list: Uint8Array, status = 201) =>
    administrator.client.expect<{ sha256: string; entries: number; code: string; detail: string }>(
      status,
      'POST',
      `/v1/trusted-roots/${trusted.sha256}/crls`,
      list,
      'application/pkix-crl',
    );

  async function registered(): Promise<{ leaf: TestCertificate; sender: Sender }> {
    const leaf = await issuing.leaf({ subject: `CN=${administrator.newName('shop')},O=Partner` });
    await administrator.createExternalKey(await administrator.createInstance(), leaf.pem);
    const sender = senderWithCertificate(stack, leaf);
    senders.push(sender);
    return { leaf, sender };
  }

  const statusOf = async (sender: Sender) => (await sender.send(path(), { body: 'x' })).status;

  /** An hour ago, and a moment later with each call: of two CRLs the later one is the newer. */
  let made = Date.now() - 3_600_000;
  const newer = () => new Date((made += 1_000));

  it('shows on an open connection as soon as a CRL that was uploaded is acknowledged', async () => {
    const { leaf, sender } = await registered();
    expect(await statusOf(sender)).toBe(200);
    await policyOf({ failure: 'soft', issuerCertificates: [issuing.pem] });
    expect(await statusOf(sender)).toBe(200);
    await upload(await issuing.certificateList({ revoked: [], thisUpdate: newer() }));
    expect(await statusOf(sender)).toBe(200);
    const revoking = await issuing.certificateList({ revoked: [leaf.serialNumber], thisUpdate: newer() });
    expect((await upload(revoking)).entries).toBe(1);
    const answer = await sender.send(path(), { body: 'x' });
    expect(answer.status).toBe(401);
    const decision = await administrator.decision(String(answer.headers['sluice-decision-id']));
    expect(decision).toMatchObject({ reason: 'revoked', outcome: 'denied' });
    expect(decision.checks.at(-1)).toMatchObject({ check: 'revocation', ok: false });
  });

  it('refuses a CRL that is older than the one in force, forged, or of a CA nobody named', async () => {
    await policyOf({ failure: 'soft', issuerCertificates: [issuing.pem] });
    await upload(await issuing.certificateList({ thisUpdate: newer() }));
    const refusals = [
      await issuing.certificateList({ thisUpdate: new Date(made - 60_000) }),
      await issuing.certificateList({ thisUpdate: newer(), signedWith: testKey() }),
      await (await TestAuthority.root({ subject: 'CN=Stranger' })).certificateList({}),
      await issuing.certificateList({ nextUpdate: new Date(Date.now() - 60_000) }),
      Buffer.from('no CRL at all'),
    ];
    for (const list of refusals) expect((await upload(list, 400)).code).toBe('certificate-list-refused');
  });

  it('knows a long CRL, which travels by the object store, with the same change', async () => {
    const { leaf, sender } = await registered();
    await policyOf({ failure: 'hard', scope: 'leaf', issuerCertificates: [issuing.pem] });
    const many = Array.from({ length: 450 }, (_, index) => `40${index.toString(16).padStart(30, '0')}`);
    await upload(await issuing.certificateList({ revoked: many, thisUpdate: newer() }));
    expect(await statusOf(sender)).toBe(200);
    await upload(await issuing.certificateList({ revoked: [...many, leaf.serialNumber], thisUpdate: newer() }));
    expect(await statusOf(sender)).toBe(401);
  });

  it('is fetched before its policy is in force, and a policy with a CRL that cannot be fetched is not taken', async () => {
    const { sender } = await registered();
    await policyOf({ failure: 'soft' });
    await policyOf({ crls: [{ url: `${origin}/missing.crl` }] }, 400);
    expect(await statusOf(sender)).toBe(200);
    served.set('/root.crl', await root.certificateList({}));
    served.set('/issuing.crl', await issuing.certificateList({ thisUpdate: newer() }));
    const { revocation } = await policyOf({
      failure: 'hard',
      issuerCertificates: [issuing.pem],
      crls: [{ url: `${origin}/root.crl` }, { url: `${origin}/issuing.crl` }],
    });
    expect(revocation.lists.map(({ source }) => source).sort()).toEqual([
      `${origin}/issuing.crl`,
      `${origin}/root.crl`,
    ]);
    expect(await statusOf(sender)).toBe(200);
  });

  it('refuses who cannot be shown not to be revoked where failure is hard, until the policy is taken away', async () => {
    const { sender } = await registered();
    await administrator.client.expect(204, 'DELETE', `/v1/trusted-roots/${trusted.sha256}/revocation`);
    expect(await statusOf(sender)).toBe(200);
    await policyOf({ failure: 'hard' });
    expect(await statusOf(sender)).toBe(401);
    await administrator.client.expect(204, 'DELETE', `/v1/trusted-roots/${trusted.sha256}/revocation`);
    expect(await statusOf(sender)).toBe(200);
  });

  it('survives the loss of the bus: the object store is filled anew from Postgres', async () => {
    const { leaf, sender } = await registered();
    await policyOf({ failure: 'hard', scope: 'leaf', issuerCertificates: [issuing.pem] });
    const many = Array.from({ length: 450 }, (_, index) => `40${index.toString(16).padStart(30, '0')}`);
    await upload(await issuing.certificateList({ revoked: [...many, leaf.serialNumber], thisUpdate: newer() }));
    expect(await statusOf(sender)).toBe(401);
    const [server = 0] = stack.pidsOf('nats-server');
    rmSync(join(stack.home, 'nats', 'jetstream'), { recursive: true });
    process.kill(server, 'SIGKILL');
    await until(() => stack.pidsOf('nats-server')[0] !== server, { what: 'another nats-server', timeoutMs: 30_000 });
    await until(async () => (await statusOf(sender)) === 401, {
      what: 'the refusal after the loss',
      timeoutMs: 40_000,
    });
  });
});
