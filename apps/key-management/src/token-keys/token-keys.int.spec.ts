import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { stateKey, type TokenKeyRecord } from '@sluice/contracts';
import { TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createPublicKey, hash } from 'node:crypto';
import { join } from 'node:path';
import { allRecords } from '../state/all-records.js';
import { recordOf } from '../state/record-of.js';
import {
  busConfiguration,
  flowUrl,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { TokenKeyRow } from './token-key.entity.js';
import { TokenKeysController } from './token-keys.controller.js';
import { maxTokenMs, publishedAheadMs, TokenKeys } from './token-keys.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const started = Date.now();
let clock = started;
const now = () => clock;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let controller: TokenKeysController;
const anna = { name: 'anna' };

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now });
  controller = fixture.get(TokenKeysController);
}, 90_000);

afterAll(async () => {
  await fixture?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
});

/** One of several processes: all of them look at the same tables. */
const aProcess = (issuer = flowUrl) =>
  new TokenKeys(fixture.dataSource, fixture.sealer, fixture.changes, now, { issuer, lifeMs: 90 * day });
const pass = async (at: number) => {
  clock = at;
  await Promise.all([aProcess().execute(at), aProcess().execute(at), aProcess().execute(at)]);
};
const keys = async () => (await controller.list()).items;
const statuses = async () =>
  (await keys()).map(({ kid, status }) => ({ kid, status })).sort((a, b) => (a.status < b.status ? -1 : 1));
const rowOf = (kid: string) => fixture.dataSource.manager.findOneByOrFail(TokenKeyRow, { kid });
const recordIn = async (kid: string) => (await fixture.follower.fetch<'token-key'>(stateKey.tokenKey(kid))).record;
const published = (kid: string) =>
  until(
    async () => {
      const record = await recordIn(kid);
      return record?.version === Number((await rowOf(kid)).version) ? record : undefined;
    },
    { what: 'the record of the token key' },
  );
const ended = (kid: string) =>
  until(async () => (await recordIn(kid)) === undefined, { what: 'the end of the token key' });

beforeEach(async () => {
  clock = started;
  await controller.rotate({ immediately: true, actor: anna });
});

describe('the keys that sign access tokens', () => {
  it('have one that signs from the first start, published with its issuer under the thumbprint of RFC 7638', async () => {
    const [active, ...others] = await keys();
    expect(others).toEqual([]);
    const { kty, crv, x, y } = createPublicKey(active?.publicKey ?? '').export({ format: 'jwk' });
    expect({ kty, crv }).toEqual({ kty: 'EC', crv: 'P-256' });
    expect(active?.kid).toBe(hash('sha256', `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`, 'base64url'));
    const record = await published(active?.kid ?? '');
    expect(record).toMatchObject({ kid: active?.kid, issuer: flowUrl, status: 'active' });
    expect(
      createPublicKey({ key: Buffer.from(record?.publicKey ?? '', 'base64'), format: 'der', type: 'spki' }).export({
        format: 'pem',
        type: 'spki',
      }),
    ).toBe(active?.publicKey);
    await Promise.all([aProcess().ensure(), aProcess().ensure()]);
    expect(await statuses()).toEqual([{ kid: active?.kid, status: 'active' }]);
  });

  it('attack 34: are stored sealed, and shown, published and told without the private key', async () => {
    const [active] = await keys();
    const row = await rowOf(active?.kid ?? '');
    const { privateKey } = await aProcess().signing(row.kid, row.version);
    const secret = privateKey.export({ format: 'jwk' }).d as string;
    expect(row.sealedKey.includes(Buffer.from(secret, 'base64url'))).toBe(false);
    const seen = JSON.stringify([
      await keys(),
      await published(row.kid),
      fixture.events('token-key.activated'),
      await fixture.dataSource.query('SELECT content FROM audit_entry'),
    ]);
    expect(seen).toContain(row.kid);
    expect(seen).not.toContain(secret);
    expect(seen).not.toContain(row.sealedKey.toString('base64'));
    expect(seen).not.toContain(row.sealedKey.toString('hex'));
  });

  it('are replaced by the clock: published hours ahead, one signing at a time, the old one kept for its last token', async () => {
    const [first] = await keys();
    await pass(started + 89 * day);
    expect(await statuses()).toEqual([{ kid: first?.kid, status: 'active' }]);
    await pass(started + 90 * day - 5 * hour);
    const [active, prepared] = await statuses();
    expect([active, prepared?.status]).toEqual([{ kid: first?.kid, status: 'active' }, 'prepared']);
    const next = prepared?.kid ?? '';
    expect(await published(next)).toMatchObject({ status: 'prepared' });
    await pass(started + 90 * day - minute);
    expect((await statuses()).map(({ kid }) => kid)).toEqual([first?.kid, next]);
    await pass(started + 90 * day);
    expect(await statuses()).toEqual([
      { kid: next, status: 'active' },
      { kid: first?.kid, status: 'retiring' },
    ]);
    expect(await published(next)).toMatchObject({ status: 'active' });
    expect(await published(first?.kid ?? '')).toMatchObject({ status: 'retiring', endsAtMs: clock + maxTokenMs });
    expect(maxTokenMs).toBeGreaterThan(day);
    await pass(started + 90 * day + maxTokenMs - 1);
    expect(await statuses()).toHaveLength(2);
    await pass(started + 90 * day + maxTokenMs);
    expect(await statuses()).toEqual([{ kid: next, status: 'active' }]);
    await ended(first?.kid ?? '');
    const told = (name: Parameters<KeyManagementFixture['events']>[0], kid: string | undefined) =>
      fixture.events(name).filter(({ subject }) => subject === kid).length;
    await until(() => told('token-key.retired', first?.kid) === 1, { what: 'the event' });
    expect([told('token-key.prepared', next), told('token-key.activated', next)]).toEqual([1, 1]);
  });

  it('are published for an hour before they sign also after a long downtime', async () => {
    const [first] = await keys();
    await pass(started + 200 * day);
    await pass(clock + publishedAheadMs - 1);
    expect((await statuses())[0]).toEqual({ kid: first?.kid, status: 'active' });
    await pass(clock + 1);
    expect((await statuses())[1]).toEqual({ kid: first?.kid, status: 'retiring' });
  });

  it('are replaced on demand as well, an hour later and sooner than planned, never later', async () => {
    const [first] = await keys();
    const { tokenKey } = await controller.rotate({ immediately: false, actor: anna });
    expect(tokenKey).toMatchObject({
      status: 'prepared',
      activatesAt: new Date(started + publishedAheadMs).toISOString(),
    });
    clock += minute;
    expect((await controller.rotate({ immediately: false, actor: anna })).tokenKey.activatesAt).toBe(
      tokenKey.activatesAt,
    );
    await pass(started + publishedAheadMs);
    expect(await statuses()).toEqual([
      { kid: tokenKey.kid, status: 'active' },
      { kid: first?.kid, status: 'retiring' },
    ]);
    const due = clock + 90 * day;
    await pass(due - 5 * hour);
    const { tokenKey: sooner } = await controller.rotate({ immediately: false, actor: anna });
    expect(sooner.activatesAt).toBe(new Date(due - 5 * hour + publishedAheadMs).toISOString());
  });

  it('end all at once where one is known to somebody else', async () => {
    const [first] = await keys();
    const { tokenKey: prepared } = await controller.rotate({ immediately: false, actor: anna });
    await pass(started + publishedAheadMs);
    await controller.rotate({ immediately: false, actor: anna });
    expect(await keys()).toHaveLength(3);
    const { tokenKey } = await controller.rotate({ immediately: true, actor: anna });
    expect(await statuses()).toEqual([{ kid: tokenKey.kid, status: 'active' }]);
    await ended(first?.kid ?? '');
    await ended(prepared.kid);
    expect(await published(tokenKey.kid)).toMatchObject({ status: 'active' });
  });

  it('sign with the key that is active in Postgres, whichever process made it active', async () => {
    const other = aProcess();
    const [first] = await keys();
    const before = await rowOf(first?.kid ?? '');
    expect((await other.signing(before.kid, before.version)).kid).toBe(before.kid);
    const { tokenKey } = await controller.rotate({ immediately: true, actor: anna });
    const after = await rowOf(tokenKey.kid);
    expect((await other.signing(after.kid, after.version)).kid).toBe(tokenKey.kid);
    await expect(other.signing(before.kid, before.version)).rejects.toThrow();
  });

  it('name the issuer of now after FLOW_URL was changed', async () => {
    const [first] = await keys();
    await aProcess('https://flows.example').ensure();
    expect(await published(first?.kid ?? '')).toMatchObject({ issuer: 'https://flows.example', status: 'active' });
    await aProcess().ensure();
  });

  it('stand in the stream as Postgres has them, so that comparing finds nothing', async () => {
    await controller.rotate({ immediately: false, actor: anna });
    const records = new Map<string, TokenKeyRecord>();
    for await (const record of allRecords(fixture.dataSource))
      if (record.key.startsWith('token-key.')) records.set(record.key, record as TokenKeyRecord);
    expect(records.size).toBe(2);
    for (const { kid } of await keys()) {
      const record = await published(kid);
      expect(records.get(stateKey.tokenKey(kid))).toEqual(record);
      expect(await recordOf(fixture.dataSource, stateKey.tokenKey(kid))).toEqual(record);
    }
  });
});
