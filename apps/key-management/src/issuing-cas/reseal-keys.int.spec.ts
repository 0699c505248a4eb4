import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { followMasterKeys } from '@sluice/service-shell';
import { TemporaryFolder, TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeySealer, sealedKeyOwner } from './key-sealer.js';
import { busConfiguration, startKeyManagement, type KeyManagementFixture } from '../testing/key-management-fixture.js';
import { ResealKeys } from './reseal-keys.js';
import { sealedTokenKeyOwner } from '../token-keys/make-token-key.js';
import { TokenKeyRow } from '../token-keys/token-key.entity.js';
import { CertificateAuthorityRow } from './certificate-authority.entity.js';

describe('a rotation of the master key', () => {
  const folder = new TemporaryFolder('reseal-keys');
  const file = join(folder.path, 'master.key');
  const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)];
  const put = (...keys: Buffer[]) => writeFileSync(file, keys.map((key) => `${key.toString('base64')}\n`).join(''));
  let postgres: TestPostgres;
  let nats: TestNats;
  let connection: NatsConnection;
  let fixture: KeyManagementFixture;

  beforeAll(async () => {
    [postgres, nats] = await Promise.all([
      TestPostgres.start(),
      TestNats.start({
        configuration: ({ listen, folder: store }) => busConfiguration(listen, join(store, 'jetstream')),
      }),
    ]);
    connection = await connect({ servers: nats.url });
    put(first);
    fixture = await startKeyManagement({
      databaseUrl: await postgres.createDatabase(),
      connection,
      now: () => Date.now(),
      sealer: fromFile(),
    });
  }, 90_000);

  afterAll(async () => {
    await fixture.stop();
    await connection.close();
    await Promise.all([nats.stop(), postgres.stop()]);
    folder.remove();
  });

  const fromFile = () =>
    new KeySealer(
      followMasterKeys(file, (error) => {
        throw error;
      }),
    );
  /** Of the two CAs and of the token key. */
  const sealed = async () => [
    ...(await fixture.dataSource.manager.find(CertificateAuthorityRow, { order: { id: 'ASC' } })).map(
      ({ id, sealedKey }) => ({ owner: sealedKeyOwner(id), sealedKey }),
    ),
    ...(await fixture.dataSource.manager.find(TokenKeyRow)).map(({ kid, sealedKey }) => ({
      owner: sealedTokenKeyOwner(kid),
      sealedKey,
    })),
  ];
  const opens = async (key: Buffer) =>
    (await sealed()).map(({ owner, sealedKey }) => {
      try {
        return new KeySealer(key).open(sealedKey, owner).length > 0;
      } catch {
        return false;
      }
    });

  it('seals all under the newest key, and nothing again when it is repeated', async () => {
    put(second, first);
    const reseal = new ResealKeys(fixture.changes, fixture.sealer);
    expect(await reseal.execute()).toEqual({
      masterKey: fixture.sealer.keyIds[0],
      resealed: 3,
      remaining: 0,
    });
    expect([await opens(second), await opens(first)]).toEqual([
      [true, true, true],
      [false, false, false],
    ]);
    const before = await sealed();
    expect(await reseal.execute()).toMatchObject({ resealed: 0, remaining: 0 });
    expect(await sealed()).toEqual(before);
  });

  it('changes nothing when one is sealed under a key that is not in the file', async () => {
    const before = await sealed();
    put(third);
    await expect(new ResealKeys(fixture.changes, fixture.sealer).execute()).rejects.toThrow('another master key');
    expect(await sealed()).toEqual(before);
    put(second);
  });

  it('may be done by several processes at once', async () => {
    put(third, second);
    const outcomes = await Promise.all(
      [fromFile(), fromFile(), fromFile()].map((sealer) => new ResealKeys(fixture.changes, sealer).execute()),
    );
    expect(outcomes.map(({ remaining }) => remaining)).toEqual([0, 0, 0]);
    expect(outcomes.reduce((sum, { resealed }) => sum + resealed, 0)).toBe(3);
    expect(await opens(third)).toEqual([true, true, true]);
  });
});
