import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Sender, TestAuthority, until, type TestCertificate } from '@sluice/testing';
import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import {
  Administrator,
  type Decision,
  type Flow,
  type ServiceInstance,
  type ServiceKey,
} from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithCertificate, senderWithKey, senderWithoutCertificate } from './stack/senders.js';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const grant = 'grant_type=client_credentials';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('access tokens', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  let role: string;
  let instance: ServiceInstance;
  let flow: Flow;
  const senders: Sender[] = [];

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    role = await administrator.createRole();
    instance = await administrator.createInstance([role]);
    flow = await administrator.deployFlow({ role, steps: [{ contentModifier: { body: { constant: 'ok' } } }] });
  });
  afterEach(() => senders.splice(0).forEach((sender) => sender.close()));
  afterAll(() => stack?.stop());

  const open = (sender: Sender) => {
    senders.push(sender);
    return sender;
  };
  const secretKey = (of = instance) => administrator.createKey(of, { 'key-type': 'client_secret' });
  const pathOf = ({ id }: Flow) => `/http/${id}`;

  /** @returns the answer of the token end point */
  const ask = (sender: Sender, body: string) =>
    sender.send('/oauth/token', { headers: form, body: `${grant}${body === '' ? '' : `&${body}`}` });
  const credentialsOf = ({ credentials }: ServiceKey) =>
    new URLSearchParams({ client_id: credentials.clientid, client_secret: credentials.clientsecret ?? '' }).toString();
  async function tokenOf(sender: Sender, body = ''): Promise<string> {
    const answer = await ask(sender, body);
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('access_token')]);
    return answer.json<{ access_token: string }>().access_token;
  }

  /** A sender as the programs of others see it. */
  const through = (sender: Sender) => ({
    [oauth.customFetch]: async (
      url: string,
      options: { method: string; headers: Record<string, string>; body?: unknown },
    ) => {
      const { pathname } = new URL(url);
      const body = options.body instanceof URLSearchParams ? options.body.toString() : '';
      const { method } = options;
      const headers = { ...options.headers, ...(body === '' ? {} : form) };
      const answer = await sender.send(pathname, { method, headers, body });
      const said = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
      return new Response(answer.text, { status: answer.status, headers: said });
    },
  });

  it('are got by secret and by certificate with the program of somebody else, and verified by the key set', async () => {
    const sender = open(senderWithoutCertificate(stack));
    const issuer = new URL(stack.facts.flowUrl);
    const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...(through(sender) as object) });
    const as = await oauth.processDiscoveryResponse(issuer, discovery);
    const key = await secretKey();
    const client = { client_id: key.credentials.clientid };
    expect(as.token_endpoint).toBe(key.credentials.tokenurl);
    for (const authentication of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
      const response = await oauth.clientCredentialsGrantRequest(
        as,
        client,
        authentication(key.credentials.clientsecret ?? ''),
        { scope: role },
        through(sender) as object,
      );
      const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, response);
      const jwks = (await sender.send('/oauth/jwks', { method: 'GET' })).json<
        Parameters<typeof createLocalJWKSet>[0]
      >();
      const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
        issuer: as.issuer,
        audience: 'urn:sluice:flows',
        typ: 'at+jwt',
        algorithms: ['ES256'],
      });
      expect([payload['scope'], payload['cnf'], protectedHeader.alg]).toEqual([role, undefined, 'ES256']);
      expect((await sender.send(pathOf(flow), { headers: bearer(token) })).status).toBe(200);
    }
  });

  it('are got, asked about and ended with openid-client too', async () => {
    const sender = open(senderWithoutCertificate(stack));
    const { credentials } = await secretKey();
    const configuration = await openid.discovery(
      new URL(stack.facts.flowUrl),
      credentials.clientid,
      undefined,
      openid.ClientSecretBasic(credentials.clientsecret ?? ''),
      { algorithm: 'oauth2', [openid.customFetch]: through(sender)[oauth.customFetch] as openid.CustomFetch },
    );
    const { access_token: token, token_type: type } = await openid.clientCredentialsGrant(configuration, {
      scope: role,
    });
    const call = async () => (await sender.send(pathOf(flow), { headers: bearer(token) })).status;
    const isActive = async () => (await openid.tokenIntrospection(configuration, token)).active;
    expect([type, await call(), await isActive()]).toEqual(['bearer', 200, true]);
    await openid.tokenRevocation(configuration, token);
    expect([await call(), await isActive()]).toEqual([401, false]);
    await expect(openid.clientCredentialsGrant(configuration, { scope: 'Nobody.has' })).rejects.toMatchObject({
      error: 'invalid_scope',
    });
  });

  it('attack 46: end with the next request on the open connection when the key is revoked, the role taken, or the token revoked', async () => {
    const sender = open(senderWithoutCertificate(stack));
    const call = async (token: string) => (await sender.send(pathOf(flow), { headers: bearer(token) })).status;
    const [first, second] = [await secretKey(), await secretKey()];
    const [one, two] = [await tokenOf(sender, credentialsOf(first)), await tokenOf(sender, credentialsOf(second))];
    expect([await call(one), await call(two)]).toEqual([200, 200]);
    await administrator.client.expect(200, 'POST', `/v1/service-keys/${first.id}/revoke`, { reason: 'keyCompromise' });
    expect([await call(one), await call(two)]).toEqual([401, 200]);
    await administrator.setRoles(instance, ['ESBMessaging.send']);
    expect(await call(two)).toBe(403);
    await administrator.setRoles(instance, [role]);
    expect(await call(two)).toBe(200);
    const body = `${credentialsOf(second)}&token=${two}`;
    expect((await sender.send('/oauth/revoke', { headers: form, body })).status).toBe(200);
    expect(await call(two)).toBe(401);
    expect((await sender.send('/oauth/introspect', { headers: form, body })).json()).toEqual({ active: false });
    await administrator.deleteKey(first);
  });

  it('attack 29: bound to a certificate are good with that one alone, whatever they were got by', async () => {
    const holding = await administrator.createCertificateKey(instance);
    const other = await administrator.createCertificateKey(instance);
    const [sender, wrong, none] = [
      open(senderWithKey(stack, holding)),
      open(senderWithKey(stack, other)),
      open(senderWithoutCertificate(stack)),
    ];
    const secret = await secretKey();
    for (const token of [await tokenOf(sender), await tokenOf(sender, credentialsOf(secret))]) {
      const { cnf } = decodeJwt<JWTPayload & { cnf: { 'x5t#S256': string } }>(token);
      const { raw } = new X509Certificate(holding.credentials.certificate ?? '');
      expect(cnf['x5t#S256']).toBe(createHash('sha256').update(raw).digest('base64url'));
      const statuses = [];
      for (const each of [sender, wrong, none])
        statuses.push((await each.send(pathOf(flow), { headers: bearer(token) })).status);
      expect(statuses).toEqual([200, 401, 401]);
      const introspected = await none.send('/oauth/introspect', {
        headers: form,
        body: `${credentialsOf(secret)}&token=${token}`,
      });
      expect(introspected.json()).toMatchObject({ active: true, cnf, scope: role });
    }
  });

  it('attack 29: that rest on a certificate of a key that is not pinned end when it is renewed', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=Token Root' });
    await administrator.addTrustedRoot(authority.certificate.pem);
    const day = 86_400_000;
    const leaf = (daysAgo: number): Promise<TestCertificate> =>
      authority.leaf({
        subject: 'CN=unpinned tokens',
        notBefore: new Date(Date.now() - daysAgo * day),
        notAfter: new Date(Date.now() + 30 * day),
      });
    const [old, renewed] = [await leaf(2), await leaf(1)];
    await administrator.createKey(instance, {
      'key-type': 'certificate_external',
      'X.509': old.pem,
      'pin-certificate': false,
    });
    const before = open(senderWithCertificate(stack, old));
    const token = await tokenOf(before);
    expect((await before.send(pathOf(flow), { headers: bearer(token) })).status).toBe(200);
    const after = open(senderWithCertificate(stack, renewed));
    expect((await after.send(pathOf(flow))).status).toBe(200);
    expect((await after.send(pathOf(flow), { headers: bearer(token) })).status).toBe(401);
    // The change is with the runtime that served the renewed one; with all others in the same milliseconds.
    await until(async () => (await before.send(pathOf(flow), { headers: bearer(token) })).status === 401, {
      what: 'the end of the token',
    });
    const anew = await tokenOf(after);
    expect((await after.send(pathOf(flow), { headers: bearer(anew) })).status).toBe(200);
  });

  it('attack 46: of somebody else’s making, or for another flow, are refused in the words of RFC 6750', async () => {
    const sender = open(senderWithoutCertificate(stack));
    const own = await tokenOf(sender, credentialsOf(await secretKey()));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = await new SignJWT(decodeJwt(own))
      .setProtectedHeader(JSON.parse(Buffer.from(own.split('.')[0] ?? '', 'base64url').toString()) as { alg: string })
      .sign(privateKey);
    const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${own.split('.')[1]}.`;
    for (const token of [forged, none, 'x']) {
      const refused = await sender.send(pathOf(flow), { headers: bearer(token) });
      expect([refused.status, refused.headers['www-authenticate']]).toEqual([
        401,
        expect.stringContaining('error="invalid_token"'),
      ]);
      const decision: Decision = await administrator.decision(String(refused.headers['sluice-decision-id']));
      expect(decision.reason).toMatch(/^token-/);
    }
    const elsewhere = await administrator.deployFlow({ role: await administrator.createRole() });
    const lacking = await sender.send(pathOf(elsewhere), { headers: bearer(own) });
    expect([lacking.status, lacking.headers['www-authenticate']]).toEqual([
      403,
      expect.stringContaining('error="insufficient_scope"'),
    ]);
  });

  it('are not had by Basic at a channel, unless it says so, and its deployment warns', async () => {
    const key = await secretKey();
    const { clientid, clientsecret } = key.credentials;
    const headers = {
      authorization: `Basic ${Buffer.from(`${clientid}:${clientsecret}`).toString('base64')}`,
    };
    const sender = open(senderWithoutCertificate(stack));
    expect((await sender.send(pathOf(flow), { headers })).status).toBe(401);
    const tested = await administrator.deployFlow({ role, sender: { authentication: ['basic'] } });
    expect(tested.warnings.map(({ code }) => code)).toContain('basic-authentication');
    expect((await sender.send(pathOf(tested), { headers })).status).toBe(204);
    await administrator.client.expect(200, 'POST', `/v1/service-keys/${key.id}/revoke`, { reason: 'keyCompromise' });
    expect((await sender.send(pathOf(tested), { headers })).status).toBe(401);
  });
});
