import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestPostgres } from '@sluice/testing';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { createDataSource, initializeDataSource } from '../data-source.js';
import { Transactions } from '../transactions.js';
import { AuditChainCheck } from './check-audit-chain.js';
import { noteInAudit, readAudit, readAuditHead, searchAudit, type AuditFilter, type AuditHead } from './read-audit.js';
import { auditTable, createAuditSearch, createAuditTrail, createOutboxTable } from '../testing/shared-tables.js';

const schema = 'vault';

class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';
  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTable(runner);
    await runner.query('CREATE TABLE safe (name text PRIMARY KEY, owner text, secret text, opened_at timestamptz)');
    await createAuditTrail(runner);
    await createAuditSearch(runner);
    await auditTable(runner, 'safe', { hidden: ['opened_at'], digested: ['secret'] });
  }
  async down(): Promise<void> {}
}

describe('the audit trail', () => {
  let postgres: TestPostgres;
  let dataSource: DataSource;
  let transactions: Transactions;
  let actor: string;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
  }, 60_000);
  afterAll(() => postgres.stop());

  beforeEach(async () => {
    await dataSource?.destroy();
    const databaseUrl = await postgres.createDatabase();
    const options = { databaseUrl, entities: [], applicationName: 'test' };
    const setUp = createDataSource({ ...options, schema: 'public', migrations: [] });
    await setUp.initialize();
    await setUp.query(`CREATE SCHEMA ${schema}`);
    await setUp.destroy();
    dataSource = createDataSource({ ...options, schema, migrations: [CreateTables1764000000000], poolSize: 12 });
    await initializeDataSource(dataSource, () => undefined);
    actor = 'anna';
    transactions = new Transactions(dataSource, schema, () => ({ actor, action: 'open', requestId: 'r-1' }));
  });
  afterAll(() => dataSource.destroy());

  const change = (sql: string, parameters: unknown[] = []) =>
    transactions.run(({ manager }) => manager.query(sql, parameters));
  const entries = () => readAudit(dataSource.manager, 0, 1_000);
  const contents = async () =>
    (await entries()).map(
      ({ content }) => JSON.parse(content) as { actor: string; action: string; changes: unknown[] },
    );

  async function faults(heads: readonly AuditHead[] = []): Promise<string[]> {
    const check = new AuditChainCheck(heads);
    for (const row of await entries()) check.add(row);
    check.end(await readAuditHead(dataSource.manager));
    return check.faults;
  }

  async function fiveEntries(): Promise<void> {
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await change('INSERT INTO safe (name, owner) VALUES ($1, $1)', [name]);
  }

  it('has one entry for a transaction: who, what for, and each row before and after, secrets by their digest', async () => {
    await transactions.run(async ({ manager }) => {
      await manager.query(`INSERT INTO safe VALUES ('one', 'anna', 'tell nobody', now())`);
      await manager.query(`UPDATE safe SET owner = 'bert'`);
    });
    actor = 'bert';
    await change(`DELETE FROM safe`);
    const secret = { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(await contents()).toMatchObject([
      {
        sequence: 1,
        actor: 'anna',
        action: 'open',
        requestId: 'r-1',
        changes: [
          { table: 'safe', before: null, after: { name: 'one', owner: 'anna', secret } },
          { before: { owner: 'anna' }, after: { owner: 'bert' } },
        ],
      },
      { sequence: 2, actor: 'bert', changes: [{ before: { name: 'one', owner: 'bert' }, after: null }] },
    ]);
    const text = JSON.stringify(await entries());
    expect(text).not.toContain('tell nobody');
    expect(text).not.toContain('opened_at');
    expect(await faults()).toEqual([]);
  });

  it('has nothing of a transaction that was rolled back, nor of a change that it does not show', async () => {
    await change(`INSERT INTO safe (name) VALUES ('one')`);
    await expect(
      transactions.run(async ({ manager }) => {
        await manager.query(`DELETE FROM safe`);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await change(`UPDATE safe SET opened_at = now()`);
    expect(await entries()).toHaveLength(1);
  });

  it('names the database user of a change made by hand, and takes notes of what is no row', async () => {
    await dataSource.query(`INSERT INTO safe (name) VALUES ('by hand')`);
    await transactions.run(({ manager }) => noteInAudit(manager, { stateStream: 'made anew' }));
    expect(await contents()).toMatchObject([
      { actor: 'postgres', action: null },
      { actor: 'anna', changes: [{ stateStream: 'made anew' }] },
    ]);
  });

  it('is one chain whatever runs at once, and a transaction that is still working holds up nobody', async () => {
    await transactions.run(async ({ manager }) => {
      await manager.query(`INSERT INTO safe (name) VALUES ('slow')`);
      await Promise.all(
        Array.from({ length: 60 }, (_, number) => change('INSERT INTO safe (name) VALUES ($1)', [String(number)])),
      );
    });
    const all = await contents();
    expect(all).toHaveLength(61);
    expect(all.at(-1)).toMatchObject({ changes: [{ after: { name: 'slow' } }] });
    expect(await faults()).toEqual([]);
  });

  describe('is searched', () => {
    const found = async (filter: AuditFilter = {}, limit = 100) =>
      (await searchAudit(dataSource.manager, filter, undefined, limit)).map(({ sequence }) => sequence);

    beforeEach(async () => {
      await fiveEntries();
      actor = 'bert';
      await change(`UPDATE safe SET owner = 'carl' WHERE name IN ('a', 'b')`);
    });

    it('newest first, by actor, action, table and what was changed', async () => {
      expect(await found()).toEqual([6, 5, 4, 3, 2, 1]);
      expect(await found({ actor: 'bert' })).toEqual([6]);
      expect(await found({ actor: 'bert', entity: 'c' })).toEqual([]);
      expect(await found({ entity: 'b' })).toEqual([6, 2]);
      expect(await found({ table: 'safe', operation: 'open' }, 2)).toEqual([6, 5]);
      expect(await found({ operation: 'close' })).toEqual([]);
      // What an entry is of, and no other value in it.
      expect(await found({ entity: 'carl' })).toEqual([]);
      expect(await found({ entity: 'table safe' })).toEqual([6, 5, 4, 3, 2, 1]);
    });

    it('by the time that entries say, page after page', async () => {
      const [, , third] = await contents();
      const { at } = third as unknown as { at: string };
      const until = await found({ until: at });
      expect([...(await found({ since: at })), ...until]).toEqual([6, 5, 4, 3, 2, 1]);
      expect(until).not.toContain(3);
      const pages: number[] = [];
      for (let before: { at: string; sequence: number } | undefined; ;) {
        const [next] = await searchAudit(dataSource.manager, {}, before, 1);
        if (!next) break;
        pages.push(next.sequence);
        before = next;
      }
      expect(pages).toEqual([6, 5, 4, 3, 2, 1]);
    });

    it('though somebody changed an entry to what is no entry: that one is the last', async () => {
      for (const content of ['no JSON', '"\\u0000"', '[]', `{"at": {"deep": 1}, "changes": 7}`]) {
        await dataSource.query('UPDATE audit_entry SET content = $1 WHERE sequence = 3', [content]);
        await change(`UPDATE safe SET owner = owner || 'x' WHERE name = 'e'`);
        expect([await found({ actor: 'anna' }), (await found()).includes(3)]).toEqual([[5, 4, 2, 1], true]);
      }
      expect((await found()).slice(-1)).not.toEqual([3]);
    });

    it('by an index, whatever is asked for', async () => {
      await dataSource.query(`
        INSERT INTO audit_entry
        SELECT n, '', json_build_object('sequence', n, 'at', to_char(timestamp '2026-01-01' + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'actor', 'actor ' || n % 100, 'action', 'action ' || n % 20,
          'changes', json_build_array(json_build_object('table', 'safe', 'before', NULL, 'after', json_build_object('id', 'id ' || n))))::text, ''
        FROM generate_series(100, 10000) AS n`);
      await dataSource.query('ANALYZE audit_entry');
      for (const condition of [
        'true',
        `actor = 'actor 7'`,
        `action = 'action 7'`,
        `at < '2026-01-02'`,
        `things @> ARRAY['id 777']`,
      ]) {
        const plan = await dataSource.query<Record<string, string>[]>(
          `EXPLAIN SELECT content FROM audit_search WHERE ${condition} ORDER BY at DESC, sequence DESC LIMIT 100`,
        );
        const text = plan.map((row) => row['QUERY PLAN']).join('\n');
        expect(text).toMatch(/audit_entry_(at|actor|action|things)/);
        expect(text).not.toContain('Seq Scan');
      }
    });
  });

  describe('shows that somebody with every right in the database', () => {
    beforeEach(fiveEntries);

    it.each([
      [
        'changed the content of an entry',
        `UPDATE audit_entry SET content = replace(content, 'anna', 'eva') WHERE sequence = 3`,
        /entry 3 was changed/,
      ],
      [
        'changed the hash of an entry',
        `UPDATE audit_entry SET hash = repeat('1', 64) WHERE sequence = 3`,
        /entry 3 was changed/,
      ],
      [
        'changed what an entry follows',
        `UPDATE audit_entry SET previous_hash = repeat('1', 64) WHERE sequence = 3`,
        /entry 3 does not follow/,
      ],
      ['removed an entry', `DELETE FROM audit_entry WHERE sequence = 3`, /entry 3 is missing/],
      ['removed the first entry', `DELETE FROM audit_entry WHERE sequence = 1`, /entry 1 is missing/],
      ['removed the newest entry', `DELETE FROM audit_entry WHERE sequence = 5`, /entry 5 is missing at the end/],
      [
        'removed an entry and moved up those after it',
        `DELETE FROM audit_entry WHERE sequence = 3; UPDATE audit_entry SET sequence = 3 WHERE sequence = 4; UPDATE audit_entry SET sequence = 4 WHERE sequence = 5; UPDATE audit_head SET sequence = 4`,
        /entry 3 does not follow/,
      ],
      [
        'swapped two entries',
        `UPDATE audit_entry SET sequence = 99 WHERE sequence = 2; UPDATE audit_entry SET sequence = 2 WHERE sequence = 3; UPDATE audit_entry SET sequence = 3 WHERE sequence = 99`,
        /entry 2 does not follow/,
      ],
      [
        'inserted an entry at the end',
        `INSERT INTO audit_entry SELECT 6, hash, replace(content, '"sequence" : 5', '"sequence" : 6'), hash FROM audit_entry WHERE sequence = 5`,
        /entries after 5 were inserted/,
      ],
      [
        'inserted an entry between two, with its hash',
        `UPDATE audit_entry SET sequence = sequence + 10 WHERE sequence > 3; UPDATE audit_entry SET sequence = sequence - 9 WHERE sequence > 10;
         INSERT INTO audit_entry SELECT 4, hash, 'made up', encode(sha256(convert_to(hash || E'\\n' || 'made up', 'UTF8')), 'hex') FROM audit_entry WHERE sequence = 3;
         UPDATE audit_head SET sequence = 6`,
        /entry 5 does not follow/,
      ],
    ])('%s', async (_what, sql, fault) => {
      await dataSource.query(sql);
      expect((await faults()).join('; ')).toMatch(fault);
    });

    it('cut off the end and mended the head, or wrote the whole chain anew: by heads that were told elsewhere', async () => {
      const told = await readAuditHead(dataSource.manager);
      const earlier = { sequence: 4, hash: (await entries())[3]?.hash ?? '' };
      expect(await faults([earlier, told])).toEqual([]);
      await dataSource.query(`DELETE FROM audit_entry WHERE sequence = 5`);
      await dataSource.query(`UPDATE audit_head SET sequence = 4, hash = $1`, [earlier.hash]);
      expect(await faults()).toEqual([]);
      expect(await faults([earlier, told])).toEqual(['entry 5 is missing at the end, as audit.head shows']);

      await dataSource.query('DELETE FROM audit_entry');
      await dataSource.query(`UPDATE audit_head SET sequence = 0, hash = repeat('0', 64)`);
      await dataSource.query('DELETE FROM safe');
      await fiveEntries();
      expect(await faults()).toEqual([]);
      expect(await faults([told])).toEqual(['entry 5 has another hash than the event audit.head told then']);
    });
  });
});
