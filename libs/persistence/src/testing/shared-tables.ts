import { readdirSync, readFileSync } from 'node:fs';
import type { QueryRunner } from 'typeorm';
import { statementsOf } from '../sql-migrations.js';

/** What every writing service has, made by the migrations of one of them: a spec of this package has the tables as they are in production. */
const migrations = new URL('../../../../apps/authorization/migrations/', import.meta.url);

/** What waits to be published. */
export function createOutboxTable(runner: QueryRunner): Promise<void> {
  return run(runner, 'create-tables', /\boutbox/);
}

export function createRecordVersionSequence(runner: QueryRunner): Promise<void> {
  return run(runner, 'create-tables', /SEQUENCE record_version/);
}

/** What the bus acknowledged. */
export function createAcknowledgedTable(runner: QueryRunner): Promise<void> {
  return run(runner, 'keep-acknowledgements', /./);
}

/** The audit trail, in which nothing is noted yet. */
export function createAuditTrail(runner: QueryRunner): Promise<void> {
  return run(runner, 'audit-trail', /FUNCTION/);
}

/** How the trail is searched. */
export function createAuditSearch(runner: QueryRunner): Promise<void> {
  return run(runner, 'search-audit', /audit_search/);
}

/** What of a table's rows the trail shows. */
export interface AuditedColumns {
  readonly hidden?: readonly string[];
  readonly digested?: readonly string[];
}

/** Has every change of the table's rows noted from now on, as a migration says it. */
export async function auditTable(runner: QueryRunner, table: string, columns: AuditedColumns = {}): Promise<void> {
  const { hidden = [], digested = [] } = columns;
  await runner.query(
    `CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON ${table}
     FOR EACH ROW EXECUTE FUNCTION audit_row('${hidden.join(',')}', '${digested.join(',')}')`,
  );
}

async function run(runner: QueryRunner, name: string, wanted: RegExp): Promise<void> {
  const file = readdirSync(migrations).find((file) => file.endsWith(`-${name}.sql`));
  if (file === undefined) throw new Error(`There is no migration ${name}.`);
  const statements = statementsOf(readFileSync(new URL(file, migrations), 'utf8')).filter(
    (statement) => wanted.test(statement) && !/^CREATE TRIGGER/.test(statement),
  );
  if (statements.length === 0) throw new Error(`The migration ${name} has no such statement.`);
  for (const statement of statements) await runner.query(statement);
}
