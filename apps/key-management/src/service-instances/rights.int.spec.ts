import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { forwardedOperations } from '@sluice/contracts';
import { continueRequest, decodeRequest, runInRequest } from '@sluice/messaging';
import { TestAuthority, TestNats, TestPostgres, testRequest } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { PATTERN_METADATA } from '@nestjs/microservices/constants';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { RetireUnused } from '../expiry/retire-unused.js';
import { ServiceKeysController } from '../service-keys/service-keys.controller.js';
import { busConfiguration, startKeyManagement, type KeyManagementFixture } from '../testing/key-management-fixture.js';
import { ServiceInstancesController } from './service-instances.controller.js';

let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({
    databaseUrl: await postgres.createDatabase(),
    connection,
    now: () => Date.now(),
  });
}, 90_000);

afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

const changes = forwardedOperations.filter(
  ({ service, http }) => service === 'key-management' && http.needs === 'Keys.manage',
);
type Handler = (request: unknown) => Promise<Record<string, unknown>>;

/** Asks as an administrator with these rights; null: one whose admin API says nothing of rights. */
function ask(rights: string[] | null, subject: string, given: Record<string, unknown>) {
  const operation = changes.find((each) => each.subject === subject);
  if (!operation) throw new Error(`${subject} is no change of service instances or keys.`);
  const request = decodeRequest(operation, { ...given, actor: { name: 'keeper' } });
  const handler = handlerOf(subject);
  return runInRequest({ ...continueRequest({ actor: 'keeper' }), ...(rights ? { rights } : {}) }, () =>
    handler(request),
  );
}

function handlerOf(subject: string): Handler {
  for (const type of [ServiceInstancesController, ServiceKeysController]) {
    const controller = fixture.get<Record<string, Handler>>(type as never);
    for (const name of Object.getOwnPropertyNames(type.prototype)) {
      const method = controller[name];
      const patterns = method && (Reflect.getMetadata(PATTERN_METADATA, method) as unknown[] | undefined);
      if (method && patterns?.includes(subject)) return (request) => method.call(controller, request);
    }
  }
  throw new Error(`Nobody answers ${subject}.`);
}

const subjectOf = (name: string) => `sluice.key-management.${name}.v1`;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
let made = 0;
const create = (rights: string[] | null, roles: string[], plan = 'api') =>
  ask(rights, subjectOf('create-service-instance'), { name: `i${++made}`, plan, parameters: { roles } });
const everything = async () => ({
  instances: await fixture.dataSource.query<unknown[]>('SELECT * FROM service_instance ORDER BY id'),
  keys: await fixture.dataSource.query<unknown[]>('SELECT * FROM service_key ORDER BY id'),
  credentials: await fixture.dataSource.query<unknown[]>('SELECT * FROM credential ORDER BY sha256'),
});
const ecKey = { 'key-type': 'certificate', 'key-algorithm': 'P-256' } as const;

/** An instance that may do everything, with a key of each way that a key comes by a certificate. */
async function powerful() {
  const serviceInstanceId = (
    (await create(['Admin.all'], ['API.invoke', 'Admin.all']))['serviceInstance'] as { id: string }
  ).id;
  const external = await (await TestAuthority.root({ subject: 'CN=Partner' })).leaf({ subject: `CN=e${made}` });
  const request = await testRequest({ subject: `CN=r${made}` });
  const forms: Record<string, unknown>[] = [
    ecKey,
    { 'key-type': 'certificate_external', 'X.509': external.pem },
    { 'key-type': 'certificate_request', 'certificate-request': request.pem },
    { 'key-type': 'client_secret' },
  ];
  const keys: string[] = [];
  for (const [index, parameters] of forms.entries())
    keys.push((await fixture.createKey(serviceInstanceId, parameters, `k${index}`)).value.key.id);
  return { serviceInstanceId, keys };
}

describe('who may change what has rights at the admin API', () => {
  it('is not made an instance with rights, by who has fewer, in whatever plan', async () => {
    for (const plan of ['api', 'integration-flow']) {
      expect(await codeOf(create(['Keys.manage'], ['API.invoke', 'Admin.all'], plan))).toBe('permission-denied');
      expect(await codeOf(create(null, ['Keys.read'], plan))).toBe('permission-denied');
      expect(await codeOf(create(['Keys.manage'], ['API.invoke', 'Keys.manage', 'Keys.read'], plan))).toBe('answered');
      expect(await codeOf(create(null, ['ESBMessaging.send'], plan))).toBe('answered');
    }
  });

  it('does not give an instance more rights than they have, nor change one that has more', async () => {
    const { serviceInstance } = await create(['Keys.manage'], ['API.invoke']);
    const { id } = serviceInstance as { id: string };
    const update = (rights: string[], parameters: object) =>
      codeOf(ask(rights, subjectOf('update-service-instance'), { id, parameters }));
    expect(await update(['Keys.manage'], { roles: ['API.invoke', 'Admin.all'] })).toBe('permission-denied');
    expect(await update(['Keys.manage'], { roles: ['API.invoke', 'Keys.manage'] })).toBe('answered');
    expect(await update(['Admin.all'], { roles: ['API.invoke', 'Audit.read'] })).toBe('answered');
    expect(await update(['Keys.manage'], { roles: ['API.invoke'] })).toBe('permission-denied');
    expect(await update(['Keys.manage', 'Audit.read'], { 'token-validity': 7_200 })).toBe('answered');
  });

  it('attack 55: has no way by any operation to a key of an instance with more rights: none is made, changed, or taken away', async () => {
    const { serviceInstanceId, keys } = await powerful();
    const external = await (await TestAuthority.root({ subject: 'CN=Mine' })).leaf({ subject: 'CN=mine' });
    const before = await everything();
    let tried = 0;
    for (const { subject, http } of changes.filter(({ http: { path } }) => path.includes('{'))) {
      const materials: Record<string, unknown>[] = subject.includes('create-service-key')
        ? [
            { name: 'mine' },
            { name: 'mine', parameters: ecKey },
            { name: 'mine', parameters: { 'key-type': 'client_secret' } },
            { name: 'mine', parameters: { 'key-type': 'certificate_external', 'X.509': external.pem } },
            {
              name: 'mine',
              parameters: { 'key-type': 'certificate_external', 'X.509': external.pem, 'pin-certificate': false },
            },
          ]
        : [{}, { name: 'mine' }, { 'X.509': external.pem }, { idempotencyKey: `once-${subject}` }];
      const ids = http.path.includes('service-keys/{') ? keys : [serviceInstanceId];
      for (const id of ids)
        for (const material of materials) {
          const part = { sha256: 'ab'.repeat(32), secretId: randomUUID() };
          const given = { id, serviceInstanceId, ...part, force: true, ...material };
          for (const rights of [['Keys.manage'], ['Keys.manage', 'Trust.manage', 'Tokens.manage'], null]) {
            const code = await codeOf(ask(rights, subject, given));
            tried++;
            // A successor that does not fit the key's type is refused before the key is looked at again.
            expect([
              subject,
              material,
              ['permission-denied', 'invalid-argument', 'service-key-state'].includes(code),
            ]).toEqual([subject, material, true]);
            if (!('X.509' in material) && !subject.includes('rotate'))
              expect([subject, code]).toEqual([subject, 'permission-denied']);
          }
        }
    }
    expect(tried).toBeGreaterThan(60);
    expect(await everything()).toEqual(before);
  });

  it('rotates a key of such an instance with its rights alone', async () => {
    const { keys } = await powerful();
    const rotate = (rights: string[]) =>
      codeOf(ask(rights, subjectOf('rotate-service-key'), { id: keys[0], overlapSeconds: 0 }));
    expect(await rotate(['Keys.manage'])).toBe('permission-denied');
    expect(await rotate(['Admin.all'])).toBe('answered');
  });

  it('attack 55: is not given what was made with more rights under the same name, by repeating the call', async () => {
    const { serviceInstanceId } = await powerful();
    const call = (rights: string[]) =>
      ask(rights, subjectOf('create-service-key'), {
        serviceInstanceId,
        name: 'once',
        parameters: ecKey,
        idempotencyKey: 'lost-answer',
      });
    const first = await call(['Admin.all']);
    expect(await codeOf(call(['Keys.manage']))).toBe('idempotency-key-reused');
    expect(await call(['Admin.all'])).toEqual(first);
  });

  it('is no administrator: what time brings about goes on', async () => {
    await powerful();
    await fixture.get<RetireUnused>(RetireUnused).execute(Date.now());
  });
});
