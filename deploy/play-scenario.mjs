/**
 * Plays the scenario against a running stack from outside, as an administrator and as senders, and says what it sees. It
 * ends with 1 when anything is not as it must be. Needs openssl.
 *
 *   ADMIN_TOKEN=… SERVER_ROOT=server-root.pem node deploy/play-scenario.mjs
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { adminCaller } from './call-admin.mjs';

const adminUrl = process.env.ADMIN_URL ?? 'https://localhost:8080';
const flowUrl = process.env.FLOW_URL ?? 'https://localhost:8443';
const token = process.env.ADMIN_TOKEN;
const serverRoot = readFileSync(process.env.SERVER_ROOT, 'utf8');
const run = Date.now().toString(36);
const work = mkdtempSync(join(tmpdir(), 'sluice-scenario-'));
let failures = 0;

function see(what, seen, expected) {
  const good = expected instanceof RegExp ? expected.test(String(seen)) : seen === expected;
  if (!good) failures++;
  process.stdout.write(`${good ? 'ok  ' : 'FAIL'}  ${what}: ${seen}${good ? '' : ` (expected ${expected})`}\n`);
}

const admin = adminCaller({ url: adminUrl, ca: serverRoot, token });

/** @returns status, body and headers, or the error of a handshake that failed */
function call(path, { agent, headers = {}, method = 'POST', body = '{}' } = {}) {
  return new Promise((resolve) => {
    const url = new URL(path, flowUrl);
    const outgoing = request(
      url,
      { method, agent, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
            reused: outgoing.reusedSocket,
          });
        });
      },
    );
    outgoing.on('error', (error) => resolve({ status: error.code, body: error.message }));
    outgoing.end(body);
  });
}

const sender = (credentials, options = {}) =>
  new Agent({ ca: serverRoot, keepAlive: true, maxSockets: 1, ...credentials, ...options });
const flow = (name, role) => `name: ${name}
sender: {adapter: HTTPS, address: /${name}, authorization: {type: UserRole, role: ${role}}}
steps:
  - contentModifier: {headers: {Content-Type: application/json}, body: '{"accepted": true}'}
`;

/** A CA nobody trusts yet, and a client certificate of it through an intermediate. */
function foreignCa() {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: work, stdio: 'pipe' });
  const key = (name) => openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
  const certify = (name, subject, issuer, extensions, days = 30) => {
    key(name);
    writeFileSync(join(work, `${name}.ext`), extensions);
    openssl('req', '-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`);
    const by = issuer ? ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`] : ['-signkey', `${name}.key`];
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...by,
      '-CAcreateserial',
      '-days',
      String(days),
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
    );
  };
  const ca = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n';
  const leaf = (use) =>
    `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=${use}\n`;
  certify('root', `/O=Partner/CN=Partner Root ${run}`, undefined, ca);
  certify('issuing', `/O=Partner/CN=Partner Issuing ${run}`, 'root', ca);
  certify('client', `/O=Partner/CN=client ${run}`, 'issuing', leaf('clientAuth'));
  certify('web', `/O=Partner/CN=web ${run}`, 'issuing', leaf('serverAuth'));
  certify('ended', `/O=Partner/CN=ended ${run}`, 'issuing', leaf('clientAuth'), -1);
  const read = (name) => readFileSync(join(work, name), 'utf8');
  const credentials = (name) => ({ key: read(`${name}.key`), cert: read(`${name}.pem`) + read('issuing.pem') });
  return {
    root: read('root.pem'),
    certificate: read('client.pem'),
    client: credentials('client'),
    web: credentials('web'),
    ended: credentials('ended'),
  };
}

async function until(condition, seconds) {
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(100))
    if (await condition()) return true;
  return false;
}

try {
  const role = `Orders.${run}`;
  see('role made', (await admin('POST', '/v1/user-roles', { name: role, description: 'may send orders' })).status, 201);
  const instance = (
    await admin('POST', '/v1/service-instances', {
      name: `orders-${run}`,
      plan: 'integration-flow',
      parameters: { roles: [role] },
    })
  ).body;
  see('service instance with that role', instance.id, /^[0-9a-f-]{36}$/);
  const made = await admin('POST', `/v1/service-instances/${instance.id}/service-keys`, {
    name: 'sender',
    parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 30 },
  });
  const credentials = made.body.credentials;
  see('service key issued', `${made.status} ${credentials?.certificatedetails?.subjectdn}`, /^201 .*CN=/);
  const orders = await admin('PUT', `/v1/flows/orders-${run}`, flow(`orders-${run}`, role), 'application/yaml');
  see('flow deployed that asks for that role', orders.status, /^20[01]$/);
  see(
    'flow deployed that asks for another',
    (await admin('PUT', `/v1/flows/other-${run}`, flow(`other-${run}`, 'ESBMessaging.send'), 'application/yaml'))
      .status,
    /^20[01]$/,
  );

  const path = `/http/orders-${run}`;
  const ours = sender({ key: credentials.key, cert: credentials.certificate });
  await until(async () => (await call(path, { agent: ours })).status === 200, 10);
  const allowed = await call(path, { agent: ours });
  see('call with the issued certificate', `${allowed.status} ${allowed.body}`, '200 {"accepted": true}');
  see('the same role check on another flow', (await call(`/http/other-${run}`, { agent: ours })).status, 403);
  see('no such endpoint', (await call(`/http/nowhere-${run}`, { agent: ours })).status, 404);
  const none = sender({});
  const without = await call(path, { agent: none });
  see('no certificate', without.status, 401);

  const foreign = foreignCa();
  const partner = () => sender(foreign.client);
  const unknown = await call(path, { agent: partner() });
  see('certificate of an unknown CA', unknown.status, 401);
  const strip = ({ body }) => body.replace(/"decisionId":"[^"]+"/, '');
  see('  and the answer is that of no certificate', strip(unknown) === strip(without), true);

  const reasonOf = async ({ headers }) => {
    const path = `/v1/decisions/${headers['sluice-decision-id']}`;
    let decision;
    await until(async () => (decision = await admin('GET', path)).status === 200, 5);
    return (
      (decision.body.checks ?? [])
        .filter(({ ok }) => !ok)
        .map(({ explanation }) => explanation)
        .join(' ') || JSON.stringify(decision.body)
    );
  };
  see('  the load balancer did not pass it on', await reasonOf(unknown), /without a client certificate/);
  see(
    '  nor one that has ended as well',
    await reasonOf(await call(path, { agent: sender(foreign.ended) })),
    /without a client certificate/,
  );

  const der = (pem) => pem.match(/-----BEGIN CERTIFICATE-----([^-]+)/)[1].replace(/\s/g, '');
  const stolen = `:${der(credentials.certificate)}:`;
  for (const name of [
    'Client-Cert',
    'client_cert',
    'CLIENT_CERT',
    'X-Client-Cert',
    'X-Forwarded-Client-Cert',
    'SSL_CLIENT_CERT',
    'Client.Cert',
  ]) {
    see(
      `stranger claims the certificate in ${name}`,
      (await call(path, { agent: none, headers: { [name]: stolen } })).status,
      401,
    );
  }
  see(
    'stranger claims it twice',
    (await call(path, { agent: none, headers: { 'Client-Cert': [stolen, stolen] } })).status,
    401,
  );
  see(
    'stranger sends Client-Cert-Chain alone',
    (await call(path, { agent: none, headers: { 'Client-Cert-Chain': stolen } })).status,
    401,
  );
  see(
    'sender has Client-Cert dropped by Connection',
    (
      await call(path, {
        agent: sender({ key: credentials.key, cert: credentials.certificate }),
        headers: { Connection: 'Client-Cert' },
      })
    ).status,
    200,
  );

  const root = await admin('POST', '/v1/trusted-roots', { pem: foreign.root });
  see('partner root added to the trust list', root.status, 201);
  const started = performance.now();
  let last;
  await until(
    async () =>
      !(await reasonOf((last = await call(path, { agent: partner() })))).includes('without a client certificate'),
    10,
  );
  const took = Math.round(performance.now() - started);
  see(`partner certificate, known CA, no service key (passed on after ${took} ms)`, last.status, 401);
  see('  and the administrator reads why', await reasonOf(last), /No service key holds/);
  const external = await admin('POST', `/v1/service-instances/${instance.id}/service-keys`, {
    name: 'partner',
    parameters: { 'key-type': 'certificate_external', 'X.509': foreign.certificate },
  });
  see('partner certificate registered', external.status, 201);
  see('partner certificate, sent with its intermediate', (await call(path, { agent: partner() })).status, 200);
  const wrongUse = await call(path, { agent: sender(foreign.web) });
  see('partner certificate for servers only', wrongUse.status, 401);
  see('  and the administrator reads why', await reasonOf(wrongUse), /extended key usage lists only serverAuth/);
  see(
    'partner certificate that has ended',
    await reasonOf(await call(path, { agent: sender(foreign.ended) })),
    /ended|expired/i,
  );

  const open = partner();
  see('partner on a connection that stays open', (await call(path, { agent: open })).status, 200);
  see('partner root removed', (await admin('DELETE', `/v1/trusted-roots/${root.body.sha256}`)).status, 204);
  const removed = await call(path, { agent: open });
  see(`  next request of the open connection (reused: ${removed.reused})`, removed.status, 401);

  const noLonger = async () =>
    (await reasonOf(await call(path, { agent: partner() }))).includes('without a client certificate');
  see('  and the load balancer passes it on no more', await until(noLonger, 10), true);

  const before = await call(path, { agent: ours });
  see('own sender on an open connection', before.status, 200);
  see('service key deleted', (await admin('DELETE', `/v1/service-keys/${made.body.id}`)).status, 204);
  const after = await call(path, { agent: ours });
  see(`  next request of the open connection (reused: ${after.reused})`, after.status, 401);

  const test = await admin('POST', '/v1/connectivity-tests', {
    host: process.env.TEST_HOST ?? 'load-balancer',
    port: 8443,
    validateServerCertificate: false,
  });
  see(
    'connectivity test',
    `${test.status} ${(test.body.certificates ?? test.body.chain ?? []).map(({ subject, subjectdn }) => subject ?? subjectdn).join(' <- ')}`,
    /^20\d .*Sluice Server Root/,
  );
  for (const agent of [ours, none, open]) agent.destroy();
  await admin('DELETE', `/v1/flows/orders-${run}`);
  await admin('DELETE', `/v1/flows/other-${run}`);
} finally {
  rmSync(work, { recursive: true });
}
process.stdout.write(failures === 0 ? 'all as it must be\n' : `${failures} not as it must be\n`);
process.exitCode = failures === 0 ? 0 : 1;
