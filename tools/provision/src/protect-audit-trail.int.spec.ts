import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AuditChainCheck,
  Transactions,
  createDataSource,
  initializeDataSource,
  noteInAudit,
  readAudit,
  readAuditHead,
  searchAudit,
} from '@sluice/persistence';
import { TestPostgres } from '@sluice/testing';
import pg from 'pg';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { databaseUrlFor, prepareDatabase } from './prepare-database.js';
import { auditTable, createAuditSearch, createAuditTrail, createOutboxTable } from '@sluice/persistence/testing';

const role = 'key_management';
const password = (of: string) => `password of ${of}`;

class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';
  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTable(runner);
    await runner.query('CREATE TABLE safe (name text PRIMARY KEY)');
    await createAuditTrail(runner);
    await createAuditSearch(runner);
    await auditTable(runner, 'safe');
  }
  async down(): Promise<void> {}
}

describe('the audit trail of a service', () => {
  let postgres: TestPostgres;
  let url: string;
  let service: DataSource;
  let transactions: Transactions;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
  }, 60_000);
  afterAll(() => postgres?.stop());
  afterAll(() => service?.destroy());

  async function startService(): Promise<void> {
    const databaseUrl = databaseUrlFor(url, role, password(role));
    service = createDataSource({
      databaseUrl,
      schema: role,
      entities: [],
      migrations: [CreateTables1764000000000],
      applicationName: 'test',
    });
    await initializeDataSource(service, () => undefined);
    transactions = new Transactions(service, role, () => ({ actor: 'anna', action: 'open', requestId: 'r-1' }));
  }
  const change = (name: string) =>
    transactions.run(({ manager }) => manager.query('INSERT INTO safe (name) VALUES ($1)', [name]));
  async function faults(): Promise<string[]> {
    const check = new AuditChainCheck([]);
    for (const row of await readAudit(service.manager, 0, 100)) check.add(row);
    check.end(await readAuditHead(service.manager));
    return check.faults;
  }

  beforeEach(async () => {
    await service?.destroy();
    url = await postgres.createDatabase();
  });

  it('is kept by a service that cannot reach its tables, and reads as before', async () => {
    await prepareDatabase(url, password);
    await startService();
    await change('one');
    await transactions.run(({ manager }) => noteInAudit(manager, { stateStream: 'made anew' }));
    await service.query('UPDATE audit_head SET announced_at = now() RETURNING id');
    const entries = (await readAudit(service.manager, 0, 100)).map(({ content }) => JSON.parse(content) as object);
    expect(entries).toMatchObject([
      { actor: 'anna', action: 'open', changes: [{ table: 'safe', after: { name: 'one' } }] },
      { actor: 'anna', changes: [{ stateStream: 'made anew' }] },
    ]);
    expect(await faults()).toEqual([]);
  });

  it('is searched by its indexes; a service that came first searches without them until it is provisioned', async () => {
    const finds = async () => {
      const found = await searchAudit(service.manager, { entity: 'one', actor: 'anna', table: 'safe' }, undefined, 10);
      return found.map(({ sequence }) => sequence);
    };
    const plan = async () => {
      await service.query('SET enable_seqscan = off');
      const rows = await service.query<object[]>(
        `EXPLAIN SELECT content FROM audit_search WHERE things @> ARRAY['one']`,
      );
      return JSON.stringify(rows);
    };
    await prepareDatabase(url, password);
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    // As a version before provisioned it.
    await admin.query(`DROP VIEW ${role}.audit_search`);
    await admin.query(
      `DROP INDEX ${role}_audit.audit_entry_at, ${role}_audit.audit_entry_actor, ${role}_audit.audit_entry_action, ${role}_audit.audit_entry_things`,
    );
    await admin.end();
    await startService();
    await change('one');
    expect([await finds(), await plan()]).toEqual([[1], expect.stringContaining('Seq Scan')]);
    await prepareDatabase(url, password);
    expect([await finds(), await plan()]).toEqual([[1], expect.stringContaining('audit_entry_things')]);
    await change('two');
    expect(await faults()).toEqual([]);
  });

  describe('attack 52: no role of a service changes it:', () => {
    beforeEach(async () => {
      await prepareDatabase(url, password);
      await startService();
      await change('one');
    });

    it.each([
      ['an entry', `UPDATE audit_entry SET content = 'nothing'`],
      ['an entry in its own schema', `UPDATE ${role}_audit.audit_entry SET content = 'nothing'`],
      ['the head', `UPDATE audit_head SET sequence = 0`],
      ['the hash of the head', `UPDATE ${role}_audit.audit_head SET hash = repeat('0', 64)`],
      ['entries by removing them', `DELETE FROM audit_entry`],
      ['entries by removing all', `TRUNCATE ${role}_audit.audit_entry`],
      ['entries by an addition', `INSERT INTO ${role}_audit.audit_entry VALUES (9, '', '', '')`],
      ['the tables', `DROP TABLE ${role}_audit.audit_entry`],
      ['the schema', `DROP SCHEMA ${role}_audit CASCADE`],
      ['the schema by something new in it', `CREATE TABLE ${role}_audit.audit_other ()`],
      ['the trigger', `ALTER TABLE ${role}_audit.audit_note DISABLE TRIGGER audit_close`],
      ['the function', `DROP FUNCTION ${role}_audit.audit_close() CASCADE`],
      ['the triggers of its session', `SET session_replication_role = replica`],
      ['notes of another transaction', `INSERT INTO audit_note (transaction, change) VALUES ('3', '{}')`],
      ['what it noted', `DELETE FROM ${role}_audit.audit_note`],
      ['what its search reads', `DROP INDEX ${role}_audit.audit_entry_at`],
      [
        'how its search reads',
        `CREATE OR REPLACE FUNCTION ${role}_audit.audit_part(content text, part text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT 1::text'`,
      ],
      ['its role', `SET ROLE sluice_audit`],
      ['what it may', `GRANT ALL ON ${role}_audit.audit_entry TO ${role}; DELETE FROM ${role}_audit.audit_entry`],
    ])('%s', async (_what, sql) => {
      await expect(service.query(sql)).rejects.toThrow(/permission denied|must be owner|no privileges were granted/);
      expect(await faults()).toEqual([]);
    });

    it('nor by tables of the same names that come first in its search path, which change its own view of it alone', async () => {
      await service.query(
        'DROP VIEW audit_head; CREATE TABLE audit_head AS SELECT * FROM key_management_audit.audit_head',
      );
      await change('two');
      await prepareDatabase(url, password);
      const admin = new pg.Client({ connectionString: url });
      await admin.connect();
      const { rows } = await admin.query('SELECT sequence FROM key_management_audit.audit_head');
      await admin.end();
      expect(rows).toEqual([{ sequence: '2' }]);
    });

    it('nor does another service read it', async () => {
      const other = new pg.Client({ connectionString: databaseUrlFor(url, 'flow_runtime', password('flow_runtime')) });
      await other.connect();
      await expect(other.query(`SELECT * FROM ${role}_audit.audit_entry`)).rejects.toThrow('permission denied');
      await other.end();
    });
  });

  it('is moved with its entries where a version before made it in the schema of the service, which runs on meanwhile', async () => {
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    await admin.query(`GRANT ${role} TO CURRENT_USER`);
    await admin.query(`CREATE SCHEMA ${role} AUTHORIZATION ${role}`);
    await admin.query(`ALTER ROLE ${role} PASSWORD '${password(role)}'`);
    await startService();
    await change('one');
    const before = await readAudit(service.manager, 0, 100);
    expect(before).toHaveLength(1);

    // What the service makes of its own function is not taken over: it would run as the owner of the trail.
    await service.query(
      `CREATE OR REPLACE FUNCTION audit_close() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
    );
    await prepareDatabase(url, password);
    await change('two');
    const after = await readAudit(service.manager, 0, 100);
    expect(after).toHaveLength(2);
    expect(after[0]).toEqual(before[0]);
    expect(await faults()).toEqual([]);
    await expect(service.query('DELETE FROM audit_entry')).rejects.toThrow('permission denied');
    await admin.end();
  });
});
