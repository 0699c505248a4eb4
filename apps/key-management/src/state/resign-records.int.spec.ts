import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { signedPrefixes, stateKey, type StateRecord } from '@sluice/contracts';
import { RecordReader, RecordSigner, StateBucket, StatePublisher } from '@sluice/messaging';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { FourEyes } from '../proposals/four-eyes.js';
import { DeleteServiceInstance } from '../service-instances/delete-service-instance.js';
import {
  actor,
  busConfiguration,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { ResignRecords } from './resign-records.js';

describe('a rotation of the key that signs records', () => {
  let postgres: TestPostgres;
  let nats: TestNats;
  let connection: NatsConnection;
  let fixture: KeyManagementFixture;
  let bucket: StateBucket;
  let publisher: StatePublisher;

  beforeAll(async () => {
    [postgres, nats] = await Promise.all([
      TestPostgres.start(),
      TestNats.start({
        configuration: ({ listen, folder: store }) => busConfiguration(listen, join(store, 'jetstream')),
      }),
    ]);
    connection = await connect({ servers: nats.url });
    fixture = await startKeyManagement({
      databaseUrl: await postgres.createDatabase(),
      connection,
      now: () => Date.now(),
    });
    bucket = await StateBucket.open(connection);
    publisher = new StatePublisher(connection, bucket);
  }, 90_000);

  afterAll(async () => {
    await fixture.stop();
    await connection.close();
    await Promise.all([nats.stop(), postgres.stop()]);
  });

  const believed: string[] = [];
  let next: { readonly signer: RecordSigner; readonly pem: string };
  beforeEach(() => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    next = {
      signer: new RecordSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
      pem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    };
    // The end of a record is signed anew from what it says itself, so whoever signed it must be believed.
    believed.push(fixture.recordKey, next.pem);
  });

  const resign = (now: () => number = () => performance.now()) =>
    new ResignRecords(
      fixture.dataSource,
      fixture.changes,
      bucket,
      publisher,
      next.signer,
      new RecordReader(believed),
      now,
    );
  const signed = async () => {
    const keys = (await Promise.all([...signedPrefixes].map((prefix) => bucket.keys(prefix)))).flat();
    const records = await Promise.all(keys.map((key) => bucket.last(key)));
    return records.map((stored) => ({
      key: stored?.key,
      signedWith: RecordReader.keyIdOf(stored?.value ?? Buffer.of()),
    }));
  };

  it('signs every record and the end of every record anew at its version, and nothing again when it is repeated', async () => {
    const kept = await fixture.createInstance();
    await fixture.createKey(kept, { 'key-type': 'certificate' });
    const ended = await fixture.createInstance();
    await new DeleteServiceInstance(fixture.get(FourEyes), () => Date.now()).execute({
      id: ended,
      force: false,
      actor,
    });
    const versions = async () => [
      (await bucket.last(stateKey.instance(kept)))?.version,
      (await bucket.last(stateKey.instance(ended)))?.version,
    ];
    const before = await versions();
    const { resigned, left, unexpected } = await resign().execute(0);
    expect({ left, unexpected }).toEqual({ left: 0, unexpected: 0 });
    const after = await signed();
    expect(resigned).toBe(after.length);
    expect(new Set(after.map(({ signedWith }) => signedWith))).toEqual(new Set([next.signer.keyId]));
    expect(await versions()).toEqual(before);
    const reads = new RecordReader([next.pem]);
    const of = async (id: string): Promise<StateRecord | undefined> => {
      const stored = await bucket.last(stateKey.instance(id));
      return stored && reads.decode(stored.key, stored.value);
    };
    expect([(await of(kept))?.deleted, (await of(ended))?.deleted]).toEqual([false, true]);
    expect(await resign().execute(0)).toMatchObject({ resigned: 0, left: 0, unexpected: 0 });
  });

  it('goes on by stretches until all is done', async () => {
    for (let n = 0; n < 5; n++) await fixture.createInstance();
    // Each look at the clock is four seconds later than the one before, and a stretch has fifteen.
    let time = 0;
    const useCase = resign(() => (time += 4_000));
    let [resigned, requests] = [0, 0];
    for (let after: number | undefined = 0; after !== undefined; requests++) {
      const done: Awaited<ReturnType<ResignRecords['execute']>> = await useCase.execute(after);
      resigned += done.resigned;
      after = done.next;
    }
    expect(requests).toBeGreaterThan(1);
    expect(resigned).toBe((await signed()).length);
  });

  it('does not sign what whoever has the older key put there, nor what he made of a record', async () => {
    const instance = await fixture.createInstance();
    const forge = async (id: string, version: number) => {
      const key = stateKey.instance(id);
      const record = {
        key,
        version,
        deleted: false,
        id,
        name: 'x',
        plan: 'integration-flow',
        roles: ['Forged'],
      } as const;
      const expected = (await bucket.last(key))?.sequence ?? 0;
      await publisher.publishIf(key, expected, version, fixture.recordSigner.encode(record));
    };
    const ahead = await fixture.createInstance();
    await forge(ahead, ((await bucket.last(stateKey.instance(ahead)))?.version ?? 0) + 1);
    await forge('smuggled', 1);
    await forge(instance, (await bucket.last(stateKey.instance(instance)))?.version ?? 0);
    // What is still on its way is left, too.
    await until(async () => (await fixture.dataSource.query<unknown[]>('SELECT FROM outbox')).length === 0, {
      what: 'an empty outbox',
    });
    const { left, unexpected } = await resign().execute(0);
    // The one that is ahead of Postgres may be a change on its way: it is left, and told of.
    expect({ left, unexpected }).toEqual({ left: 1, unexpected: 1 });
    const reads = new RecordReader([next.pem]);
    const stored = await bucket.last(stateKey.instance(instance));
    expect(reads.decode(stateKey.instance(instance), stored?.value ?? Buffer.of())).toMatchObject({
      roles: ['ESBMessaging.send'],
    });
    for (const id of ['smuggled', ahead]) {
      const forged = await bucket.last(stateKey.instance(id));
      expect(() => reads.decode(stateKey.instance(id), forged?.value ?? Buffer.of())).toThrow('may not sign records');
    }
  });
});
