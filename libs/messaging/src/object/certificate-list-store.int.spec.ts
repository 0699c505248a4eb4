import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { certificateListStream, certificateListSubject } from '@sluice/contracts';
import { until } from '@sluice/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { createHash, randomBytes } from 'node:crypto';
import { TestBus } from '../testing/test-bus.js';
import { CertificateListMissing, CertificateListStore, watchCertificateLists } from './certificate-list-store.js';

const sha256 = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');

describe('the store of long CRLs', () => {
  let bus: TestBus;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let store: CertificateListStore;
  /** That of a reader, with the permissions of one. */
  let verifier: CertificateListStore;

  beforeAll(async () => {
    bus = await TestBus.start();
    connection = await bus.as('key-management');
    manager = await jetstreamManager(await bus.operate('SLUICE'));
    store = await CertificateListStore.open(connection);
    verifier = await CertificateListStore.open(await bus.as('certificate-verifier'));
  }, 60_000);
  afterAll(() => bus?.stop());
  // The server may still be removing what had the name.
  beforeEach(() => until(() => store.create().then(() => true), { what: 'the stream' }));

  it.each([
    ['a part of a chunk', 1_000],
    ['one chunk', 128 * 1024],
    ['three chunks', 300_000],
  ])('hands out again, to who may only read, what was put: %s', async (_what, length) => {
    const der = randomBytes(length);
    expect(await store.has(sha256(der))).toBe(false);
    expect(await store.put(der)).toBe(sha256(der));
    expect(await store.has(sha256(der))).toBe(true);
    expect(Buffer.compare(await verifier.get(sha256(der)), der)).toBe(0);
  });

  it('keeps an object that is put again, once', async () => {
    const der = randomBytes(200_000);
    await store.put(der);
    await store.put(der);
    expect(Buffer.compare(await verifier.get(sha256(der)), der)).toBe(0);
    const { state } = await manager.streams.info(certificateListStream, {
      subjects_filter: `$O.*.*.${sha256(der)}`,
    });
    expect(Object.values(state.subjects ?? {})).toEqual([2]);
  });

  it('makes whole what an attempt before it left in pieces', async () => {
    const der = randomBytes(200_000);
    await connection.request(certificateListSubject.chunks(sha256(der)), der.subarray(0, 7));
    expect(await store.has(sha256(der))).toBe(false);
    await expect(verifier.get(sha256(der))).rejects.toThrow(CertificateListMissing);
    await store.put(der);
    expect(Buffer.compare(await verifier.get(sha256(der)), der)).toBe(0);
  });

  it('hands out nothing that is not what its name says', async () => {
    const absent = sha256(Buffer.of(1));
    await expect(verifier.get(absent)).rejects.toThrow(`The CRL ${absent} is not in the object store.`);

    const cut = randomBytes(200_000);
    await store.put(cut);
    await manager.streams.purge(certificateListStream, { filter: certificateListSubject.chunks(sha256(cut)), keep: 1 });
    expect(await store.has(sha256(cut))).toBe(false);
    await expect(verifier.get(sha256(cut))).rejects.toThrow(`The CRL ${sha256(cut)} is not whole in the object store.`);

    const damaged = randomBytes(1_000);
    await store.put(damaged);
    await manager.streams.purge(certificateListStream, { filter: certificateListSubject.chunks(sha256(damaged)) });
    await connection.request(certificateListSubject.chunks(sha256(damaged)), damaged.subarray(1));
    await expect(verifier.get(sha256(damaged))).rejects.toThrow(
      `The CRL ${sha256(damaged)} is damaged in the object store.`,
    );
  });

  it('removes what nobody needs, but not what was put a moment ago', async () => {
    const [needed, unneeded, fresh] = [randomBytes(10), randomBytes(10), randomBytes(10)] as const;
    for (const der of [needed, unneeded]) await store.put(der);
    const before = await until(
      async () => {
        const last = await manager.streams.getMessage(certificateListStream, {
          last_by_subj: certificateListSubject.chunks(sha256(unneeded)),
        });
        return last && last.time.getTime() < Date.now() ? Date.now() : undefined;
      },
      { what: 'a later millisecond', everyMs: 1 },
    );
    await store.put(fresh);
    await store.prune(new Set([sha256(needed)]), before);
    expect(await Promise.all([needed, unneeded, fresh].map((der) => store.has(sha256(der))))).toEqual([
      true,
      false,
      true,
    ]);
    await expect(store.get(sha256(unneeded))).rejects.toThrow('is not in the object store');
  });

  it('has nothing when there is no stream', async () => {
    const der = randomBytes(10);
    await store.put(der);
    await manager.streams.delete(certificateListStream);
    expect(await store.has(sha256(der))).toBe(false);
    await expect(store.get(sha256(der))).rejects.toThrow(CertificateListMissing);
    await expect(store.put(der)).rejects.not.toThrow(CertificateListMissing);
  });

  it('tells who watches the name of each that is put, and of nothing else, until he has enough', async () => {
    const heard: string[] = [];
    const watching = await bus.as('certificate-verifier');
    const stop = watchCertificateLists(watching, (name) => heard.push(name));
    await watching.flush();
    await connection.request(certificateListSubject.meta(Buffer.from('a name of another').toString('base64url')), '{}');
    const der = randomBytes(10);
    await store.put(der);
    await until(() => heard.length > 0, { what: 'the name' });
    expect(heard).toEqual([sha256(der)]);
    stop();
    await store.put(randomBytes(10));
    await watching.flush();
    expect(heard).toHaveLength(1);
  });
});
