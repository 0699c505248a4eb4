import type { SqlRunner } from './audit-trail.js';

const at = `(coalesce(audit_part(content, 'at'), '') COLLATE "C")`;
const part = (name: string) => `(audit_part(content, '${name}') COLLATE "C")`;

/** Columns whose values name what a change is of. */
const naming = [
  'id',
  'name',
  'alias',
  'sha256',
  'public_key',
  'flow_id',
  'service_key_id',
  'service_instance_id',
  'root_sha256',
];

/**
 * What reads an entry's text for its search, in the first schema of the search path. A text that somebody changed has no parts: no
 * function fails, or nothing could be entered or listed any more.
 */
export async function createAuditFunctions(runner: SqlRunner): Promise<void> {
  await runner.query(`
    CREATE OR REPLACE FUNCTION audit_part(content text, part text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT COST 1000 SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      RETURN left(content::jsonb ->> part, 256);
    EXCEPTION WHEN others THEN RETURN NULL;
    END $$`);
  await runner.query(`
    CREATE OR REPLACE FUNCTION audit_things(content text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT COST 1000 SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      RETURN (
        SELECT array_agg(DISTINCT left(thing, 256))
        FROM jsonb_array_elements(content::jsonb -> 'changes') AS change,
          LATERAL (
            SELECT 'table ' || (change ->> 'table') AS thing
            UNION ALL
            SELECT member.value FROM unnest(ARRAY[change -> 'before', change -> 'after']) AS side,
              LATERAL jsonb_each_text(CASE jsonb_typeof(side) WHEN 'object' THEN side END) AS member
            WHERE member.key = ANY (ARRAY[${naming.map((name) => `'${name}'`).join(', ')}])
          ) AS found
        WHERE thing IS NOT NULL);
    EXCEPTION WHEN others THEN RETURN NULL;
    END $$`);
}

/** The indexes of the search, on the table `audit_entry` in the first schema of the search path. */
export async function createAuditIndexes(runner: SqlRunner): Promise<void> {
  const create = (name: string, on: string) =>
    runner.query(`CREATE INDEX IF NOT EXISTS audit_entry_${name} ON audit_entry ${on}`);
  await create('at', `(${at}, sequence)`);
  await create('actor', `(${part('actor')}, ${at}, sequence)`);
  await create('action', `(${part('action')}, ${at}, sequence)`);
  await create('things', `USING gin (audit_things(content))`);
}

/** The columns of the view `audit_search`. @param schema in which the functions are, quoted */
export function auditSearchColumns(schema: string): string {
  const of = (name: string) => `${schema}.audit_part(content, '${name}')`;
  return `sequence, previous_hash, content, hash, coalesce(${of('at')}, '') COLLATE "C" AS at,
    ${of('actor')} COLLATE "C" AS actor, ${of('action')} COLLATE "C" AS action, ${schema}.audit_things(content) AS things`;
}
