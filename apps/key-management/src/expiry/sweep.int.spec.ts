import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { revokeCertificate, revokeServiceKey } from '@sluice/contracts';
import { parseCertificateList } from '@sluice/pki';
import { TestAuthority, TestNats, TestPostgres, until } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { join } from 'node:path';
import { IssuedCertificateList } from '../issuing-cas/issued-certificate-list.js';
import { EnterRetired } from './enter-retired.js';
import { ReportUsage } from '../service-keys/report-usage.js';
import { RetireUnused } from './retire-unused.js';
import { RevokeCertificate } from '../service-keys/revoke-certificate.js';
import { RevokeServiceKey } from '../service-keys/revoke-service-key.js';
import { RotateServiceKey } from '../service-keys/rotate-service-key.js';
import { NotifyExpiring } from './notify-expiring.js';
import {
  actor,
  busConfiguration,
  addresses,
  startKeyManagement,
  type KeyManagementFixture,
} from '../testing/key-management-fixture.js';
import { Sweep } from './sweep.js';
import { called } from '../testing/called.js';

const minute = 60_000;
const day = 86_400_000;
const start = Date.now();
let clock = start;
const now = () => clock;
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let fixture: KeyManagementFixture;
let rotate: RotateServiceKey;
let usage: ReportUsage;
const faults: unknown[] = [];

/** One of several processes: all of them look at the same tables. */
const aProcess = () =>
  new Sweep(
    {
      expiry: new NotifyExpiring(fixture.changes, [30, 14, 7, 3, 1]),
      unused: new RetireUnused(fixture.dataSource, fixture.changes),
      retired: new EnterRetired(fixture.dataSource),
    },
    1_000,
    now,
    (error) => void faults.push(error),
  );
const sweepBySeveral = async () => {
  await Promise.all([aProcess().once(), aProcess().once(), aProcess().once()]);
  expect(faults).toEqual([]);
};

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({
      configuration: ({ listen, folder }) => busConfiguration(listen, join(folder, 'jetstream')),
    }),
  ]);
  connection = await connect({ servers: nats.url });
  fixture = await startKeyManagement({ databaseUrl: await postgres.createDatabase(), connection, now });
  rotate = new RotateServiceKey(fixture.dataSource, fixture.changes, fixture.authority, addresses, now);
  usage = new ReportUsage(fixture.dataSource, now);
}, 90_000);

afterAll(async () => {
  await fixture.stop();
  await connection.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

const newKey = async (validity = 365) =>
  (
    await fixture.createKey(await fixture.createInstance(), {
      'key-type': 'certificate',
      'key-algorithm': 'P-256',
      validity,
    })
  ).value;
const thresholdsOf = (keyId: string) =>
  fixture
    .events('service-key.expiring')
    .filter(({ subject }) => subject === keyId)
    .map(({ data }) => data['daysLeft']);
const expiredOf = (keyId: string) => fixture.events('service-key.expired').filter(({ subject }) => subject === keyId);
const statusOf = async (sha256: string | undefined) => {
  const [row]: { status: string }[] = await fixture.dataSource.query(
    'SELECT status FROM credential WHERE sha256 = $1',
    [sha256],
  );
  return row?.status;
};

describe('the expiry of a certificate', () => {
  it('is announced at each threshold once, and said once, with several processes looking', async () => {
    const { key } = await newKey(40);
    const seen: unknown[][] = [];
    for (const daysLeft of [35, 30, 29, 14, 8, 7, 3, 2, 1]) {
      clock = start + (40 - daysLeft) * day;
      await sweepBySeveral();
      seen.push(thresholdsOf(key.id));
    }
    expect(seen.at(-1)).toEqual([30, 14, 7, 3, 1]);
    expect(seen[0]).toEqual([]);
    expect(seen[2]).toEqual([30]);
    expect(expiredOf(key.id)).toHaveLength(0);
    clock = start + 40 * day + 1_000;
    await sweepBySeveral();
    await sweepBySeveral();
    expect(expiredOf(key.id)).toHaveLength(1);
    expect(expiredOf(key.id)[0]?.data).toMatchObject({ usableCertificates: 0 });
  });

  it('is announced at the newest threshold alone after a downtime, and not at all when it is over', async () => {
    const { key } = await newKey(40);
    const made = now();
    clock = made + 38 * day;
    await sweepBySeveral();
    expect(thresholdsOf(key.id)).toEqual([3]);
    const { key: slept } = await newKey(2);
    clock += 5 * day;
    await sweepBySeveral();
    expect(thresholdsOf(slept.id)).toEqual([]);
    expect(expiredOf(slept.id)).toHaveLength(1);
  });

  it('is nobody’s business when the certificate is revoked or ends by a schedule before', async () => {
    const [revoked, rotated] = [await newKey(20), await newKey(20)];
    await called(revokeServiceKey, new RevokeServiceKey(fixture.changes, now)).execute({ id: revoked.key.id, actor });
    const { value } = await rotate.execute({ id: rotated.key.id, overlapSeconds: 60, actor });
    clock += 10 * day;
    await sweepBySeveral();
    expect(thresholdsOf(revoked.key.id)).toEqual([]);
    const told = fixture.events('service-key.expiring').filter(({ subject }) => subject === rotated.key.id);
    expect(told.map(({ data }) => (data['certificate'] as { sha256: string }).sha256)).toEqual([value.held[0]?.sha256]);
  });

  it('counts more than a batch', async () => {
    const instance = await fixture.createInstance();
    const [template] = (
      await fixture.createKey(instance, { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 20 })
    ).value.held;
    await fixture.dataSource.query(
      `INSERT INTO credential SELECT md5(n::text) || md5(n::text), service_key_id, certificate, issued_by, subject_dn, issuer_dn,
         n::text, not_before, not_after, pinned, names_digest, status, retires_at, revoked_at, revocation_reason, version, created_at,
         retire_after_unused_days, postponed_at, last_used_at, expiring_told, expired_told_at, public_key_sha256
       FROM credential, generate_series(1, 220) AS n WHERE sha256 = $1`,
      [template?.sha256],
    );
    clock += 18 * day;
    await sweepBySeveral();
    await until(() => thresholdsOf(template?.serviceKeyId ?? '').length === 221, {
      what: 'all 221 events',
      timeoutMs: 60_000,
    });
    await sweepBySeveral();
    expect(thresholdsOf(template?.serviceKeyId ?? '')).toHaveLength(221);
    await fixture.dataSource.query('DELETE FROM credential WHERE service_key_id = $1', [template?.serviceKeyId]);
  }, 90_000);
});

describe('a certificate that ends by schedule', () => {
  it('is on the CRL as superseded when its end has come', async () => {
    const { key, held } = await newKey();
    const lists = new IssuedCertificateList(fixture.dataSource, fixture.authority, now);
    const issuer = held[0]?.issuedBy ?? '';
    await rotate.execute({ id: key.id, overlapSeconds: 3_600, actor });
    await sweepBySeveral();
    const before = parseCertificateList((await lists.current(issuer)).der).revoked.size;
    clock += 3_600_000;
    await sweepBySeveral();
    expect(await statusOf(held[0]?.sha256)).toBe('retired');
    expect(parseCertificateList((await lists.current(issuer)).der).revoked.size).toBe(before + 1);
  });

  it('stays when it is the last usable one, whatever the sweeps', async () => {
    const { key, held } = await newKey();
    const { value } = await rotate.execute({ id: key.id, overlapSeconds: 60, actor });
    await called(revokeCertificate, new RevokeCertificate(fixture.changes, now)).execute({
      id: key.id,
      sha256: value.held[0]?.sha256 ?? '',
      actor,
    });
    clock += 10 * minute;
    await sweepBySeveral();
    expect(await statusOf(held[0]?.sha256)).toBe('retiring');
    expect((await fixture.follower.fetch<'credential'>(`credential.${held[0]?.sha256}`)).record).not.toHaveProperty(
      'retiresAtMs',
    );
  });
});

describe('a certificate that ends when unused', () => {
  /** Runtimes report every minute; this is a while of it. */
  const report = async (minutes: number, used: Parameters<ReportUsage['execute']>[0] = []) => {
    for (let passed = 0; passed < minutes; passed++) {
      clock += minute;
      await usage.execute(used.map((one) => ({ ...one, atMs: clock })));
    }
  };

  it('lives while it is seen, and ends when it was not seen for that long', async () => {
    const { key, held } = await newKey();
    const sha256 = held[0]?.sha256 ?? '';
    await rotate.execute({ id: key.id, overlapSeconds: 60, retireAfterUnusedDays: 2, actor });
    clock += 3 * day;
    await report(10, [{ sha256, serviceKeyId: key.id, atMs: 0 }]);
    await sweepBySeveral();
    expect(await statusOf(sha256)).toBe('retiring');
    clock += 2 * day;
    await report(10);
    await sweepBySeveral();
    expect(await statusOf(sha256)).toBe('retired');
    const { record } = await fixture.follower.fetch<'credential'>(`credential.${sha256}`);
    expect(record?.retiresAtMs).toBe(now());
  });

  it('does not end on silence: after a night in which nobody could report, reports come first', async () => {
    const { key, held } = await newKey();
    const sha256 = held[0]?.sha256 ?? '';
    await rotate.execute({ id: key.id, overlapSeconds: 0, retireAfterUnusedDays: 1, actor });
    await report(10);
    clock += 2 * day;
    await sweepBySeveral();
    expect(await statusOf(sha256)).toBe('retiring');
    await report(1);
    await sweepBySeveral();
    expect(await statusOf(sha256)).toBe('retiring');
    await report(1, [{ sha256, serviceKeyId: key.id, atMs: 0 }]);
    await report(10);
    await sweepBySeveral();
    expect(await statusOf(sha256)).toBe('retiring');
  });

  it('is kept, and that is said once, when it has become the last usable one', async () => {
    const { key, held } = await newKey();
    const { value } = await rotate.execute({ id: key.id, overlapSeconds: 0, retireAfterUnusedDays: 1, actor });
    await called(revokeCertificate, new RevokeCertificate(fixture.changes, now)).execute({
      id: key.id,
      sha256: value.held[0]?.sha256 ?? '',
      actor,
    });
    clock += 2 * day;
    await report(10);
    await sweepBySeveral();
    await sweepBySeveral();
    expect(await statusOf(held[0]?.sha256)).toBe('retiring');
    const said = fixture.events('service-key.retirement-postponed').filter(({ subject }) => subject === key.id);
    expect(said).toHaveLength(1);
  });
});

describe('the time a certificate was last used', () => {
  const lastUsed = async (sha256: string | undefined) => {
    const [row]: { last_used_at: Date | null }[] = await fixture.dataSource.query(
      'SELECT last_used_at FROM credential WHERE sha256 = $1',
      [sha256],
    );
    return row?.last_used_at?.getTime();
  };

  it('only moves forward, and not beyond now', async () => {
    const { key, held } = await newKey();
    const [sha256, serviceKeyId] = [held[0]?.sha256 ?? '', key.id];
    await usage.execute([{ sha256, serviceKeyId, atMs: clock - 1_000 }]);
    await usage.execute([{ sha256, serviceKeyId, atMs: clock - 9_000 }]);
    expect(await lastUsed(sha256)).toBe(clock - 1_000);
    await usage.execute([{ sha256, serviceKeyId, atMs: clock + day }]);
    expect(await lastUsed(sha256)).toBe(clock);
  });

  it('is that of the key when the key is not pinned, and of no other key', async () => {
    const leaf = await (
      await TestAuthority.root({ subject: 'CN=Usage Root' })
    ).leaf({
      subject: 'CN=unpinned',
      notAfter: new Date(clock + 100 * day),
    });
    const unpinned = await fixture.createKey(await fixture.createInstance(), {
      'key-type': 'certificate_external',
      'X.509': leaf.pem,
      'pin-certificate': false,
    });
    const other = await newKey();
    await usage.execute([
      { sha256: 'ff'.repeat(32), serviceKeyId: unpinned.value.key.id, atMs: clock - 5 },
      { sha256: 'ff'.repeat(32), serviceKeyId: other.key.id, atMs: clock - 5 },
    ]);
    expect(await lastUsed(leaf.sha256)).toBe(clock - 5);
    expect(await lastUsed(other.held[0]?.sha256)).toBeUndefined();
  });
});
