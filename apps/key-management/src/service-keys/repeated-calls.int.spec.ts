import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createServiceInstance,
  prepareIssuingCa,
  type DecodedRequestOf,
  type createServiceKey,
} from '@sluice/contracts';
import { readAudit } from '@sluice/persistence';
import { IdempotentAnswers, KeptAnswers, type PublishedChanges } from '@sluice/service-shell';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { IssuingCasController } from '../issuing-cas/issuing-cas.controller.js';
import { ServiceInstancesController } from '../service-instances/service-instances.controller.js';
import { busConfiguration, startKeyManagement, type KeyManagementFixture } from '../testing/key-management-fixture.js';
import { ServiceKeysController } from './service-keys.controller.js';

const started = Date.now();
let clock = started;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let instances: ServiceInstancesController;
let keys: ServiceKeysController;
const anna = { name: 'anna' };
const bert = { name: 'bert' };

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now: () => clock });
  instances = fixture.get(ServiceInstancesController);
  keys = fixture.get(ServiceKeysController);
}, 90_000);

afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

type KeyRequest = DecodedRequestOf<typeof createServiceKey>;
const parameters: KeyRequest['parameters'] = { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 30 };
const newKey = async (idempotencyKey: string | undefined, more: Partial<KeyRequest> = {}): Promise<KeyRequest> => ({
  serviceInstanceId: await fixture.createInstance(),
  name: 'sender',
  parameters,
  idempotencyKey,
  actor: anna,
  ...more,
});
const keysOf = async (serviceInstanceId: string) =>
  (await keys.list({ serviceInstanceId, limit: 100 })).items.map(({ name }) => name);
const kept = () =>
  fixture.dataSource.query<{ administrator: string; key: string; answer: Buffer | null }[]>(
    'SELECT administrator, key, answer FROM idempotent_answer ORDER BY key',
  );
const answerOf = async (key: string) => (await kept()).find((row) => row.key === key)?.answer;
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

describe('a call that is repeated with its Idempotency-Key', () => {
  it('is given the first answer with the private key, and makes nothing again', async () => {
    const request = await newKey('create-1');
    const first = await keys.create(request);
    expect(first.serviceKey.credentials.key).toContain('PRIVATE KEY');
    expect(await keys.create({ ...request })).toEqual(first);
    expect(await keysOf(request.serviceInstanceId)).toEqual(['sender']);
    await until(() => fixture.events('service-key.created').some(({ subject }) => subject === first.serviceKey.id), {
      what: 'the event',
    });
    expect(fixture.events('service-key.created').filter(({ subject }) => subject === first.serviceKey.id)).toHaveLength(
      1,
    );
  });

  it('is given what is shown once one time more, and is told so after that; nothing of it is kept', async () => {
    const request = await newKey('create-2');
    await keys.create(request);
    await keys.create(request);
    expect(await answerOf('create-2')).toBeNull();
    expect(await codeOf(keys.create(request))).toBe('idempotency-key-reused');
    expect(await keysOf(request.serviceInstanceId)).toEqual(['sender']);
  });

  it('is given an answer without a secret as often as it likes', async () => {
    const request = { name: 'often', plan: 'integration-flow' as const, idempotencyKey: 'instance-1', actor: anna };
    const first = await instances.create(request);
    for (let turn = 0; turn < 3; turn++) expect(await instances.create(request)).toEqual(first);
  });

  it('rotates a key once', async () => {
    const { value } = await fixture.createKey(await fixture.createInstance(), parameters);
    const request = { id: value.key.id, overlapSeconds: 60, idempotencyKey: 'rotate-1', actor: anna };
    const first = await keys.rotate(request);
    expect(await keys.rotate(request)).toEqual(first);
    expect((await keys.get({ id: value.key.id })).certificates).toHaveLength(2);
  });

  it('rotates a key once where both are under way', async () => {
    const { value } = await fixture.createKey(await fixture.createInstance(), parameters);
    const request = { id: value.key.id, overlapSeconds: 60, idempotencyKey: 'rotate-2', actor: anna };
    const [one, other] = await Promise.all([keys.rotate(request), keys.rotate(request)]);
    expect(other).toEqual(one);
    expect((await keys.get({ id: value.key.id })).certificates).toHaveLength(2);
  });

  it('prepares a CA once', async () => {
    const cas = fixture.get(IssuingCasController);
    const request = { root: 'present' as const, idempotencyKey: 'ca-1', actor: anna };
    expect(await cas.prepare(request)).toEqual(await cas.prepare(request));
  });

  it('waits for the first one where both are under way, and is given its answer', async () => {
    const instance = { name: 'at-once', plan: 'integration-flow' as const, idempotencyKey: 'at-once', actor: anna };
    const made = await Promise.all(Array.from({ length: 4 }, () => instances.create(instance)));
    expect(new Set(made.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const request = await newKey('at-once-2');
    const [one, other] = await Promise.all([keys.create(request), keys.create(request)]);
    expect(other.serviceKey).toEqual(one.serviceKey);
    expect(await keysOf(request.serviceInstanceId)).toEqual(['sender']);
  });

  it('is refused when it asks for something else: of the path, of the body, or by another call', async () => {
    const request = await newKey('other-1');
    const first = await keys.create(request);
    const elsewhere = await fixture.createInstance();
    const others = [
      keys.create({ ...request, name: 'another' }),
      keys.create({ ...request, parameters: { ...parameters, validity: 31 } as KeyRequest['parameters'] }),
      keys.create({ ...request, serviceInstanceId: elsewhere }),
      instances.create({ name: 'sender', plan: 'integration-flow', idempotencyKey: 'other-1', actor: anna }),
      keys.rotate({ id: first.serviceKey.id, overlapSeconds: 60, idempotencyKey: 'other-1', actor: anna }),
    ];
    expect(await Promise.all(others.map(codeOf))).toEqual(others.map(() => 'idempotency-key-reused'));
    expect(await keysOf(elsewhere)).toEqual([]);
    const [answers, never] = [
      fixture.get<IdempotentAnswers>(IdempotentAnswers),
      () => Promise.reject(new Error('Done.')),
    ];
    expect(await codeOf(answers.once(prepareIssuingCa, request, { execute: never, answer: () => ({}) }))).toBe(
      'idempotency-key-reused',
    );
    // And takes nothing away from who made the first.
    expect(await keys.create(request)).toEqual(first);
  });

  it('is a new call where the first one failed: nothing is kept of it', async () => {
    const request = await newKey('failed-1', { serviceInstanceId: '00000000-0000-4000-8000-000000000000' });
    expect(await codeOf(keys.create(request))).toBe('not-found');
    expect(await answerOf('failed-1')).toBeUndefined();
    expect(await codeOf(keys.create({ ...request, serviceInstanceId: await fixture.createInstance() }))).toBe(
      'answered',
    );
  });

  it('is a new call after ten minutes, and what was kept for it is removed', async () => {
    const request = await newKey('late-1');
    await keys.create(request);
    clock += 600_000;
    try {
      expect(await codeOf(keys.create(request))).toBe('name-in-use');
      expect((await kept()).map(({ key }) => key)).toContain('late-1');
      await until(async () => (await kept()).length === 0, { what: 'the sweep' });
      expect(await codeOf(keys.create({ ...request, name: 'next' }))).toBe('answered');
      clock += 600_001;
      // Before it is swept, too.
      expect(await codeOf(keys.create({ ...request, name: 'third' }))).toBe('answered');
    } finally {
      clock = started;
      await fixture.dataSource.query('TRUNCATE idempotent_answer');
    }
  });

  it('is told whether the change is on the bus by now, and not what the first one was told', async () => {
    const asked: (readonly string[])[] = [];
    const away = {
      published: (outboxIds: readonly string[]) => Promise.resolve(asked.push(outboxIds) < 0),
    } as unknown as PublishedChanges;
    const request = { name: 'pending', plan: 'integration-flow' as const, idempotencyKey: 'pending-1', actor: anna };
    expect((await instances.create(request)).propagation).toBe('published');
    const answers = new IdempotentAnswers(fixture.dataSource, away, fixture.get(KeptAnswers), true);
    const never = () => Promise.reject(new Error('It was carried out again.'));
    const repeated = await answers.once(createServiceInstance, request, { execute: never, answer: () => ({}) });
    expect(repeated.propagation).toBe('pending');
    expect(asked).toEqual([[expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)]]);
  });
});

describe('an answer and the change that it tells of', () => {
  it('are there together or not at all', async () => {
    const answers = fixture.get(IdempotentAnswers);
    const request = { name: 'halved', plan: 'integration-flow' as const, idempotencyKey: 'halved-1', actor: anna };
    const failing = answers.once(createServiceInstance, request, {
      execute: () =>
        fixture.changes.commit(async ({ manager }) => {
          await manager.query(`CREATE TABLE halved (id integer)`);
        }),
      answer: () => Promise.reject(new Error('The answer cannot be made.')),
    });
    await expect(failing).rejects.toThrow('The answer cannot be made.');
    expect(await fixture.dataSource.query(`SELECT to_regclass('halved') AS made`)).toEqual([{ made: null }]);
    expect(await answerOf('halved-1')).toBeUndefined();
  });

  it('is not kept of a call without the header', async () => {
    await fixture.dataSource.query('TRUNCATE idempotent_answer');
    await keys.create(await newKey(undefined));
    expect(await kept()).toEqual([]);
  });

  it('is refused where the operator has switched it off, by the name of the header', async () => {
    const databaseUrl = await postgres.createDatabase();
    const place = await TestNats.start({
      configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')),
    });
    const elsewhere = await connect({ servers: place.url });
    const off = await startKeyManagement({
      databaseUrl,
      connection: elsewhere,
      now: () => clock,
      environment: { IDEMPOTENT_ANSWERS: 'off' },
    });
    try {
      const request = { name: 'off', plan: 'integration-flow' as const, idempotencyKey: 'off-1', actor: anna };
      await expect(
        off.get<ServiceInstancesController>(ServiceInstancesController).create(request),
      ).rejects.toMatchObject({
        code: 'invalid-argument',
        details: { violations: [{ field: 'Idempotency-Key' }] },
      });
      await off
        .get<ServiceInstancesController>(ServiceInstancesController)
        .create({ ...request, idempotencyKey: undefined });
    } finally {
      await off.stop();
      await elsewhere.close();
      await place.stop();
    }
  });
});

describe('attack 54: a private key that is kept for a repeated call', () => {
  it('is given to nobody else who sends the same key, and is there for who made it', async () => {
    const request = await newKey('guessed');
    const first = await keys.create(request);
    expect(await codeOf(keys.create({ ...request, actor: bert }))).toBe('name-in-use');
    const own = await keys.create({ ...request, name: 'of-bert', actor: bert });
    expect(own.serviceKey.id).not.toBe(first.serviceKey.id);
    expect(await keys.create(request)).toEqual(first);
  });

  it('is sealed under the master key, for this call alone', async () => {
    const request = await newKey('sealed');
    const { serviceKey } = await keys.create(request);
    const sealed = (await answerOf('sealed')) as Buffer;
    const pem = serviceKey.credentials.key ?? '';
    for (const text of ['PRIVATE KEY', pem.split('\n')[1] ?? '-', serviceKey.id])
      expect(sealed.includes(text)).toBe(false);
    // Moved to somebody else's call it is opened for nobody.
    const theirs = { ...request, actor: bert };
    await fixture.dataSource.query(
      `UPDATE idempotent_answer SET administrator = 'bert' WHERE administrator = 'anna' AND key = 'sealed'`,
    );
    expect(await codeOf(keys.create(theirs))).toBe('idempotency-key-reused');
  });

  it('is in a table that no log has, and not in the audit trail', async () => {
    const [table] = await fixture.dataSource.query<{ relpersistence: string }[]>(
      `SELECT relpersistence FROM pg_class WHERE oid = to_regclass('idempotent_answer')`,
    );
    expect(table?.relpersistence).toBe('u');
    const trail = JSON.stringify(await readAudit(fixture.dataSource.manager, 0, 1_000));
    expect(trail).toContain('service_key');
    expect(trail).not.toContain('idempotent_answer');
    expect(trail).not.toContain('PRIVATE KEY');
  });

  it('goes to one of two who repeat the call at once', async () => {
    const request = await newKey('raced');
    await keys.create(request);
    const runner = fixture.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(`SELECT 1 FROM idempotent_answer WHERE key = 'raced' FOR UPDATE`);
    const repeated = [1, 2].map(() => codeOf(keys.create(request)));
    await until(
      async () => {
        const waiting = await fixture.dataSource.query<unknown[]>(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE idempotent_answer%'`,
        );
        return waiting.length === 2;
      },
      { what: 'both to wait' },
    );
    await runner.commitTransaction();
    await runner.release();
    expect((await Promise.all(repeated)).toSorted()).toEqual(['answered', 'idempotency-key-reused']);
  });

  it('is given again though the key was revoked meanwhile, and is worth nothing then', async () => {
    const request = await newKey('revoked');
    const first = await keys.create(request);
    await keys.revoke({ id: first.serviceKey.id, reason: 'keyCompromise', actor: bert });
    expect(await keys.create(request)).toEqual(first);
    const sha256 = first.serviceKey.certificates[0]?.sha256 ?? '';
    expect((await fixture.follower.fetch<'credential'>(`credential.${sha256}`)).record).toMatchObject({
      status: 'revoked',
    });
  });
});
