import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Administrator, type ServiceKey } from './administrator/administrator.js';
import { connectAsSubscriber } from './bus/connect-to-bus.js';
import { EventSubscription } from './bus/event-subscription.js';
import { dumpDatabase } from './secrets/dump-database.js';
import { bytesSecret, privateKeySecret, secretsIn, textSecret, type Secret } from './secrets/secret-forms.js';
import { LocalStack } from './stack/local-stack.js';
import { senderWithKey, senderWithoutCertificate } from './stack/senders.js';

describe('attack 34: secrets of a run', () => {
  let stack: LocalStack;
  let administrator: Administrator;
  let connection: NatsConnection;
  let events: EventSubscription;
  const secrets: Secret[] = [];
  const keys: ServiceKey[] = [];
  /** Not secret, and to be found: what finds these would find a secret. */
  let known: { instance: string; certificate: string; role: string };

  beforeAll(async () => {
    // With all that is logged: what is not in the logs then never is.
    stack = await LocalStack.start({ environment: { LOG_LEVEL: 'trace' } });
    const { adminUrl, adminToken } = stack.facts;
    administrator = new Administrator(adminUrl, adminToken);
    connection = await connectAsSubscriber(stack);
    events = await EventSubscription.open(connection, 'secrets');

    const role = await administrator.createRole();
    const instance = await administrator.createInstance([role]);
    const rsa = await administrator.createKey(instance, { 'key-type': 'certificate', 'key-algorithm': 'RSA' });
    const ec = await administrator.createCertificateKey(instance);
    // Its answer is kept, with the private key, while the secrets are looked for.
    const rotated = await administrator.client.expect<ServiceKey>(
      200,
      'POST',
      `/v1/service-keys/${ec.id}/rotate`,
      { overlapSeconds: 60 },
      undefined,
      { 'idempotency-key': 'kept-while-looking' },
    );
    const secret = await administrator.createKey(instance, { 'key-type': 'client_secret' });
    keys.push(rsa, ec, rotated, secret);
    const flow = await administrator.deployFlow({ role });
    for (const key of [rsa, ec, rotated]) {
      using sender = senderWithKey(stack, key);
      expect((await sender.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
      expect((await sender.send('/http/nowhere')).status).toBe(404);
    }
    // What goes wrong is logged more loosely than what goes well.
    using stranger = senderWithoutCertificate(stack);
    await stranger.send(`/http/${flow.id}`, { headers: { Authorization: `Bearer ${adminToken}` } });
    const keysOf = `/v1/service-instances/${instance.id}/service-keys`;
    for (const [path, body] of [
      [keysOf, { name: 'k', parameters: { 'key-type': 'certificate_external', 'X.509': rsa.credentials.key } }],
      [
        keysOf,
        {
          name: 'k',
          parameters: {
            'key-type': 'certificate_external',
            'X.509': `${rsa.credentials.certificate}${rsa.credentials.key}`,
          },
        },
      ],
      [
        keysOf,
        {
          name: secret.credentials.clientsecret,
          parameters: { 'key-type': 'client_secret', clientsecret: secret.credentials.clientsecret },
        },
      ],
      ['/v1/trusted-roots', { pem: ec.credentials.key }],
      ['/v1/user-roles', `{"name": "${adminToken}`],
    ] as const) {
      expect((await administrator.client.request('POST', path, body)).status).toBe(400);
    }
    await administrator.client.expect(200, 'POST', `/v1/service-keys/${rsa.id}/revoke`, {});
    await administrator.deleteKey(ec);
    await administrator.client.expect(204, 'DELETE', `/v1/service-keys/${secret.id}`);
    await events.next('service-key.deleted', secret.id);
    known = { instance: instance.id, certificate: rsa.certificates[0]?.sha256 ?? '', role };

    secrets.push(
      ...[rsa, ec, rotated].map(({ credentials }, index) =>
        privateKeySecret(`private key ${index + 1}`, credentials.key ?? ''),
      ),
      textSecret('client secret', secret.credentials.clientsecret ?? ''),
      textSecret('admin token', adminToken),
      textSecret('subscriber’s password', stack.facts.subscriber.password),
      ...['master.key', 'credential.key'].map((name) => bytesSecret(name, Buffer.from(stack.secret(name), 'base64'))),
      privateKeySecret('key that signs records', stack.secret('record-signing.key')),
      ...['server', 'server-root', 'proxy-ca', 'load-balancer'].map((name) =>
        privateKeySecret(`TLS key ${name}`, readFileSync(join(stack.home, 'tls', `${name}.key`), 'utf8')),
      ),
      ...readdirSync(join(stack.home, 'secrets'))
        .filter((file) => /\.(nk|password)$/.test(file))
        .map((file) => textSecret(file, stack.secret(file))),
    );
    expect(secrets.length).toBeGreaterThan(15);
  });

  afterAll(async () => {
    await connection?.close();
    await stack?.stop();
  });

  it('are shown once, in the answer that made them', async () => {
    const shown = JSON.stringify(keys);
    expect(secretsIn(shown.replaceAll('\\n', '\n'), secrets).sort()).toEqual([
      'client secret',
      'private key 1',
      'private key 2',
      'private key 3',
    ]);
    for (const path of [
      `/v1/service-keys/${keys[0]?.id}`,
      `/v1/service-instances/${known.instance}/service-keys`,
      '/v1/service-instances',
      '/v1/trusted-roots',
      '/v1/message-processing-logs',
      '/v1/flows',
      '/v1/openapi.json',
    ]) {
      const { status, bytes } = await administrator.client.request('GET', path);
      expect([path, status, secretsIn(bytes.toString('utf8').replaceAll('\\n', '\n'), secrets)]).toEqual([
        path,
        200,
        [],
      ]);
    }
  });

  it('are in no log, though everything is logged', () => {
    const all = new Map([...stack.logs, ['the stack', stack.output.join('\n')]]);
    expect([...all.keys()].sort()).toEqual(
      expect.arrayContaining([
        'admin-api-1.log',
        'authorization-1.log',
        'certificate-verifier-1.log',
        'flow-runtime-1.log',
        'key-management-1.log',
        'nats-server.log',
        'postgres.log',
      ]),
    );
    expect([...all.values()].join('').length).toBeGreaterThan(2_000);
    for (const [file, text] of all) {
      const read = text.replaceAll('\\n', '\n');
      expect([file, secretsIn(read, secrets), /PRIVATE KEY/.test(read)]).toEqual([file, [], false]);
    }
  });

  it('are in no event', () => {
    const text = events.received
      .map(({ raw }) => raw)
      .join('\n')
      .replaceAll('\\n', '\n');
    expect(text).toContain(known.certificate);
    expect(events.received.length).toBeGreaterThan(8);
    expect(secretsIn(text, secrets)).toEqual([]);
    expect(text).not.toMatch(/PRIVATE KEY|clientsecret/);
  });

  it('are in no table of the database: the CA’s keys are sealed, secrets and tokens are hashes', async () => {
    const dump = await dumpDatabase(stack.facts.databaseUrl);
    expect(dump.size).toBeGreaterThan(6);
    const text = [...dump.values()].join('\n');
    for (const name of [known.certificate, known.instance, known.role]) expect(text).toContain(name);
    for (const [table, content] of dump) {
      const read = content.replaceAll('\\n', '\n');
      expect([table, secretsIn(read, secrets), /PRIVATE KEY/.test(read)]).toEqual([table, [], false]);
    }
    // A private key in DER begins with a version and an algorithm; none of ours does when it is sealed.
    expect(text).not.toMatch(
      /3041020100301306072a8648ce3d0201|308187020100301306072a8648ce3d0201|30820[0-9a-f]{3}020100300d06092a864886f70d010101/,
    );
  });

  it('are in no file of the bus: neither the state, nor the logs of messages and decisions, nor events', () => {
    const files = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    const stored = files(join(stack.home, 'nats', 'jetstream'));
    const text = stored.map((file) => readFileSync(file, 'latin1')).join('\n');
    expect(text).toContain(known.certificate);
    for (const file of stored) {
      const read = readFileSync(file, 'latin1').replaceAll('\\n', '\n');
      expect([file.slice(stack.home.length), secretsIn(read, secrets), /PRIVATE KEY/.test(read)]).toEqual([
        file.slice(stack.home.length),
        [],
        false,
      ]);
    }
  });

  it('are in no command line, where every user of the machine can read them', () => {
    const pids = [stack.pid, ...Object.values(stack.facts.pids).flat()];
    expect(pids).toHaveLength(9);
    const children = pids.flatMap((pid) => descendants(pid));
    const lines = [...new Set([...pids, ...children])].flatMap((pid) => {
      try {
        return [{ pid, line: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ') }];
      } catch {
        // One of Postgres's workers ended meanwhile.
        return [];
      }
    });
    expect(lines.length).toBeGreaterThanOrEqual(9);
    expect(lines.map(({ line }) => line).join('\n')).toContain('local-stack');
    for (const { line } of lines) expect([line, secretsIn(line, secrets)]).toEqual([line, []]);
  });

  it('are in files that their owner alone may read', () => {
    const folder = join(stack.home, 'secrets');
    expect(statMode(folder)).toBe(0o700);
    for (const file of readdirSync(folder)) expect([file, statMode(join(folder, file))]).toEqual([file, 0o600]);
    for (const file of readdirSync(join(stack.home, 'tls')).filter((name) => name.endsWith('.key'))) {
      expect([file, statMode(join(stack.home, 'tls', file)) & 0o077]).toEqual([file, 0]);
    }
    expect(statMode(stack.factsFile)).toBe(0o600);
  });
});

function statMode(path: string): number {
  return statSync(path).mode & 0o777;
}

/** The children of a process, and theirs. */
function descendants(pid: number): number[] {
  let children: number[];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    // It ended meanwhile.
    return [];
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}
