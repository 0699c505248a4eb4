import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { listDecisions } from '@sluice/contracts';
import { createDataSource, initializeDataSource } from '@sluice/persistence';
import { cursorOf } from '@sluice/service-shell';
import { TestPostgres } from '@sluice/testing';
import { createHash, randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { entities, schema } from '../persistence/entities.js';
import { migrations } from '../persistence/migrations.js';
import type { DecidedCall } from './record-decision.js';
import { SearchDecisions } from './search-decisions.js';
import { dropTallies, storeTallies } from './store-tallies.postgres.js';
import { TallyDecisions } from './tally-decisions.js';

const minute = 60_000;
const start = Date.UTC(2026, 4, 1);
const at = (minutes: number) => new Date(start + minutes * minute).toISOString();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const keyId = '00000000-0000-4000-8000-000000000000';
let postgres: TestPostgres;
let dataSource: DataSource;
let tallies: TallyDecisions;
let search: SearchDecisions;

beforeAll(async () => {
  postgres = await TestPostgres.start();
  const databaseUrl = await postgres.createDatabase();
  const setUp = createDataSource({ databaseUrl, schema: 'public', entities: [], migrations: [], applicationName: 'x' });
  await setUp.initialize();
  await setUp.query(`CREATE SCHEMA ${schema}`);
  await setUp.destroy();
  dataSource = createDataSource({ databaseUrl, schema, entities, migrations, applicationName: 'test' });
  await initializeDataSource(dataSource, () => undefined);
  search = new SearchDecisions(dataSource);
}, 90_000);
afterAll(async () => {
  await dataSource?.destroy();
  await postgres?.stop();
});
beforeEach(async () => {
  await dataSource.query('TRUNCATE decision');
  tallies = new TallyDecisions(
    (some) => storeTallies(dataSource, some),
    (error) => {
      throw error;
    },
  );
});

const idOf = (name: string) => name.padEnd(22, '_');
function note(name: string, minutes: number, call: Partial<DecidedCall> = {}): void {
  tallies.note(idOf(name), start + minutes * minute, {
    outcome: 'denied',
    status: 401,
    reason: 'no-service-key',
    path: '/http/orders',
    flow: 'orders',
    certificateSha256: sha256(name),
    evidence: { checks: [] },
    ...call,
  });
}
const list = (given: Record<string, unknown> = {}) =>
  search.execute(listDecisions.request.parse({ ...given }) as Parameters<SearchDecisions['execute']>[0]);
const names = async (given: Record<string, unknown> = {}) =>
  (await list(given)).items.map(({ id }) => id.replaceAll('_', ''));

describe('the list of decisions', () => {
  beforeEach(async () => {
    note('a', 0);
    note('b', 1, { flow: 'other' });
    const caller = { subjectdn: 'CN=shop', serviceKeyId: keyId, serviceKeyName: 'shop', serviceInstanceId: keyId };
    note('c', 2, { status: 403, reason: 'role-missing', caller });
    note('d', 3, { outcome: 'permitted', status: 200, reason: 'permitted', caller });
    note('e', 4, { outcome: 'undecided', status: 503, reason: 'lease' });
    await tallies.write();
  });

  it('is newest first, and says of whom each was', async () => {
    expect(await names()).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect((await list({ flow: 'other' })).items).toEqual([
      {
        ...{
          id: idOf('b'),
          at: at(1),
          lastAt: at(1),
          count: 1,
          outcome: 'denied',
          status: 401,
          reason: 'no-service-key',
        },
        ...{ path: '/http/orders', flow: 'other', certificate: { sha256: sha256('b') } },
      },
    ]);
    expect((await list({ sender: 'shop' })).items[1]).toMatchObject({
      serviceKey: { id: keyId, name: 'shop' },
      serviceInstanceId: keyId,
      certificate: { subjectdn: 'CN=shop' },
    });
  });

  it('is asked for by time, sender, certificate, flow and outcome', async () => {
    expect(await names({ since: at(1), until: at(3) })).toEqual(['c', 'b']);
    expect(await names({ sender: 'shop' })).toEqual(['d', 'c']);
    expect(await names({ sender: 'sho' })).toEqual([]);
    expect(await names({ certificate: sha256('a') })).toEqual(['a']);
    expect(await names({ flow: 'other' })).toEqual(['b']);
    expect(await names({ outcome: 'permitted' })).toEqual(['d']);
    expect(await names({ outcome: 'undecided' })).toEqual(['e']);
    expect(await names({ outcome: 'denied', since: at(1) })).toEqual(['c', 'b']);
  });

  it('has every decision once over its pages, also of those of one moment', async () => {
    for (const name of ['x', 'y', 'z']) note(name, 10);
    await tallies.write();
    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await list({ limit: 2, ...(after === undefined ? {} : { after }) });
      found.push(...page.items.map(({ id }) => id.replaceAll('_', '')));
      if (page.next === undefined) break;
      after = page.next;
    }
    expect(found).toEqual(['z', 'y', 'x', 'e', 'd', 'c', 'b', 'a']);
  });

  it('grows where it is, when there are more alike', async () => {
    note('more', 0.5, { certificateSha256: sha256('again') });
    for (let call = 0; call < 3; call++) note(`again ${call}`, 5, { certificateSha256: sha256('again') });
    await tallies.write();
    note('again 3', 5.5, { certificateSha256: sha256('again') });
    await tallies.write();
    expect((await list({ certificate: sha256('again') })).items).toMatchObject([
      { id: idOf('again 0'), at: at(5), lastAt: at(5.5), count: 4 },
      { id: idOf('more'), count: 1 },
    ]);
  });

  it('refuses a cursor that no page gave, and what cannot be looked for', async () => {
    const made = cursorOf({ name: 'list-decisions.v1' }, '2026-99-99T00:00:00.000Z aaaaaaaaaaaaaaaaaaaaaa');
    for (const after of ['x', made])
      await expect(list({ after })).rejects.toMatchObject({ details: { violations: [{ field: 'after' }] } });
    await expect(list({ sender: 'a\0' })).rejects.toMatchObject({ details: { violations: [{ field: 'sender' }] } });
    const faultOf = (given: object) => listDecisions.request.safeParse(given).error?.issues[0]?.message;
    expect(faultOf({ certificate: 'AA' })).toMatch(/^must be the SHA-256/);
    expect(faultOf({ outcome: 'any' })).toBe('must be one of permitted, denied, undecided');
  });

  it('takes whatever a certificate of a stranger says of itself', async () => {
    const subjectdn = `CN=\0\ud800${randomBytes(20_000).toString('latin1')}`;
    const verdict = { subjectdn } as NonNullable<DecidedCall['evidence']['verdict']>;
    note('odd', 20, { path: `/http/${'ö'.repeat(9_000)}`, evidence: { verdict, checks: [] } });
    await tallies.write();
    const [odd] = (await list({ since: at(20) })).items;
    expect(odd?.sender?.startsWith('CN=\ufffd\ufffd')).toBe(true);
    expect(JSON.stringify(odd).length).toBeLessThan(4_000);
  });

  it('loses what is past its retention', async () => {
    await dataSource.transaction((manager) => dropTallies(manager, start + 3 * minute));
    expect(await names()).toEqual(['e', 'd']);
  });

  it('is read by an index whatever it is asked for', async () => {
    await dataSource.query(`
      INSERT INTO decision (id, at, last_at, count, outcome, status, reason, others, flow, sender, certificate_sha256)
      SELECT 'n' || n, now() - n * interval '1 minute', now(), 1, 'denied', 401, 'x', false, 'flow ' || n % 50, 'sender ' || n % 500, md5(n::text)
      FROM generate_series(1, 20000) AS n`);
    await dataSource.query('ANALYZE decision');
    const plans = await Promise.all(
      [
        'true',
        `flow = 'flow 7'`,
        `sender = 'sender 7'`,
        `certificate_sha256 = '${sha256('a')}'`,
        `outcome = 'undecided' AND outcome <> 'denied'`,
      ].map(async (condition) => {
        const rows = await dataSource.query<Record<string, string>[]>(
          `EXPLAIN SELECT * FROM decision WHERE ${condition} ORDER BY at DESC, id DESC LIMIT 101`,
        );
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      }),
    );
    for (const plan of plans) expect(plan).not.toContain('Seq Scan');
  });
});
