import type { AnswerOf } from '@sluice/admin-client';
import {
  addTrustedRoot,
  createServiceInstance,
  createServiceKey,
  createUserRole,
  deleteServiceKey,
  downloadCertificates,
  getDecision,
  putFlow,
  rotateServiceKey,
  runConnectivityTest,
  updateServiceInstance,
} from '@sluice/contracts';
import { buildPkcs12, decodePem, encodePem } from '@sluice/pki';
import { unzipSync } from 'fflate';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { adminClientOf, projectRoot, readStackFacts } from '../stack-facts.js';
import { bold, cyan, dim, green, line, red, runProgram, yellow } from '../terminal.js';
import { Sender, type SenderAnswer } from './sender.js';
import { makePrivateCa } from './stranger.js';

/** Of a key whose pair is made by the issuing CA. */
function pairOf({ credentials }: Pick<AnswerOf<typeof createServiceKey>, 'credentials'>) {
  const { certificate, key, certificatedetails } = credentials;
  if (certificate === undefined || key === undefined) throw new Error('The key came without its private key.');
  return { certificate, key, details: certificatedetails };
}

let step = 0;
const heading = (text: string) => line(`\n${bold(cyan(`${++step}.`))} ${bold(text)}`);
const say = (text: string) => line(`   ${text}`);

/** Shows a call's answer and ends the demo when it is not the one the step is about. */
function expectStatus(what: string, answer: SenderAnswer, expected: number): void {
  const right = answer.status === expected;
  const colour = expected < 300 ? green : yellow;
  const body = answer.body.length > 100 ? `${answer.body.slice(0, 100)}…` : answer.body;
  say(`${right ? colour(String(answer.status)) : red(String(answer.status))}  ${what}  ${dim(body)}`);
  if (!right) throw new Error(`Expected ${expected} here, got ${answer.status}.`);
}

await runProgram(async () => {
  const facts = readStackFacts(process.env);
  const admin = adminClientOf(facts);
  const folder = resolve(projectRoot, process.env['SLUICE_DEMO_DIR'] || 'demo');
  mkdirSync(folder, { recursive: true });
  const run = randomBytes(3).toString('hex');
  const flow = `demo-${run}`;
  const url = `${facts.flowUrl}/http/${flow}`;

  line(bold('Client-certificate authentication for integration flows, played on the running stack.'));
  line(dim('Green answers let a message in; yellow ones refuse it as they should.'));

  heading('The administrator creates a user role');
  const role = `Demo.orders_${run}`;
  await admin.call(createUserRole, { name: role, description: 'May send orders.' });
  say(`role ${bold(role)}`);

  heading('… a service instance that has the role');
  const instance = await admin.call(createServiceInstance, {
    name: `shop-${run}`,
    plan: 'integration-flow',
    parameters: { roles: [role] },
  });
  say(`instance ${bold(instance.name)} with the role ${role}`);

  heading('… and a service key with a certificate: the sender’s way in');
  const key = await admin.call(createServiceKey, {
    serviceInstanceId: instance.id,
    name: 'sender',
    parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 90 },
  });
  const first = pairOf(key);
  say(`certificate ${bold(first.details?.subjectdn ?? '')}`);
  say(`valid until ${first.details?.validuntil}; the private key was shown this once and is not stored`);

  heading('The flow is deployed; its sender channel asks for the role');
  const definition = `name: ${flow}
sender:
  adapter: HTTPS
  address: /${flow}
  authorization: {type: UserRole, role: ${role}}
steps:
  - contentModifier:
      headers: {Content-Type: application/json}
      body: '{"accepted": "\${header.order}", "on": "\${date:now:yyyy-MM-dd}"}'
`;
  await admin.send(putFlow, { id: flow }, { content: definition, mediaType: 'application/yaml' });
  say(`endpoint ${bold(url)}`);

  heading('The sender fetches the server’s root by a connectivity test, and trusts nothing else');
  const { hostname, port } = new URL(facts.flowUrl);
  const endpoint = { host: hostname, port: Number(port), validateServerCertificate: false };
  const test = await admin.call(runConnectivityTest, endpoint);
  const files = unzipSync(await admin.download(downloadCertificates, { id: test.id }));
  const rootFile = test.certificates?.find(({ root }) => root)?.file ?? '';
  const serverRoot = encodePem(files[rootFile] as Uint8Array);
  say(`certificates.zip holds ${Object.keys(files).join(', ')}; the sender imports ${bold(rootFile)}`);

  heading('Calls');
  const nobody = new Sender({ serverRoot });
  expectStatus('without a certificate', await nobody.post(url, '{}'), 401);
  const sender = new Sender({ certificate: first.certificate, key: first.key, serverRoot });
  expectStatus('with the certificate of the service key', await sender.post(url, '{}', { order: '4711' }), 200);
  const partner = await makePrivateCa('Partner', Date.now());
  const stranger = new Sender({ certificate: partner.certificate, key: partner.key, serverRoot });
  const refused = await stranger.post(url, '{}');
  expectStatus('with a certificate of a CA nobody trusts', refused, 401);
  expectStatus('to an address that no flow has', await sender.post(`${facts.flowUrl}/http/nowhere-${run}`, '{}'), 404);

  heading('The sender learns nothing from a refusal; the administrator sees every check');
  const decision = await admin.call(getDecision, { id: refused.headers['sluice-decision-id'] as string });
  for (const { ok, explanation } of decision.checks) say(`${ok ? green('✓') : yellow('✗')} ${explanation}`);

  heading('Changes show on the next request of a connection that is open already');
  await admin.call(updateServiceInstance, { id: instance.id, parameters: { roles: ['ESBMessaging.send'] } });
  expectStatus('the role was taken from the instance', await sender.post(url, '{}'), 403);
  await admin.call(updateServiceInstance, { id: instance.id, parameters: { roles: [role] } });
  expectStatus('and given back', await sender.post(url, '{}', { order: '4712' }), 200);

  heading('A partner brings a certificate of its own CA');
  await admin.call(addTrustedRoot, { pem: partner.root });
  expectStatus(
    'its root is trusted now, but no service key holds the certificate',
    await stranger.post(url, '{}'),
    401,
  );
  await admin.call(createServiceKey, {
    serviceInstanceId: instance.id,
    name: 'partner',
    parameters: { 'key-type': 'certificate_external', 'X.509': partner.certificate },
  });
  expectStatus('added as an external certificate', await stranger.post(url, '{}', { order: '4713' }), 200);

  heading('Rotation: old and new are valid side by side');
  const successor = pairOf(await admin.call(rotateServiceKey, { id: key.id, overlapSeconds: 3_600 }));
  const renewed = new Sender({ certificate: successor.certificate, key: successor.key, serverRoot });
  expectStatus('the old certificate, for an hour more', await sender.post(url, '{}', { order: '4714' }), 200);
  expectStatus('its successor', await renewed.post(url, '{}', { order: '4715' }), 200);

  heading('A key that is deleted opens nothing any more');
  const other = await admin.call(createServiceKey, {
    serviceInstanceId: instance.id,
    name: 'short-lived',
    parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 1 },
  });
  const { certificate: otherCertificate, key: otherKey } = pairOf(other);
  const shortLived = new Sender({ certificate: otherCertificate, key: otherKey, serverRoot });
  expectStatus('before', await shortLived.post(url, '{}', { order: '4716' }), 200);
  await admin.call(deleteServiceKey, { id: other.id });
  expectStatus('after, on the same connection', await shortLived.post(url, '{}'), 401);
  for (const each of [nobody, sender, stranger, renewed, shortLived]) each.close();

  const password = randomBytes(9).toString('base64url');
  const { certificate, key: privateKey } = successor;
  const save = (name: string, content: string | Uint8Array, mode: number) =>
    writeFileSync(join(folder, name), content, { mode });
  save('client.pem', certificate, 0o644);
  save('client.key', privateKey, 0o600);
  save('server-root.pem', serverRoot, 0o644);
  save(
    'client.p12',
    await buildPkcs12({
      privateKey: createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' }),
      certificates: decodePem(certificate),
      friendlyName: 'sender',
      password,
    }),
    0o600,
  );
  line(`\n${green('✓')} ${bold('Everything went as it should.')} The sender’s files are in ${folder}:`);
  line(`   client.pem, client.key, server-root.pem, client.p12 (password ${password})\n`);
  line(
    `   curl --cacert ${join(folder, 'server-root.pem')} --cert ${join(folder, 'client.pem')} --key ${join(folder, 'client.key')} -H 'order: 1' -d '{}' ${url}\n`,
  );
});
