import { createHash } from 'node:crypto';
import { postgresClient, type PostgresClient } from '@sluice/persistence';
import { reportProgress } from './report-progress.js';
import type { SenderCertificate } from './sender-certificates.js';

export const keysOfInstance = 100;
const rowsAtOnce = 50_000;
const certificatesAtOnce = 5_000;

export interface KeysToEnter {
  readonly keys: number;
  /** Of the first keys, one each; the others get a certificate that nobody has. */
  readonly active: readonly SenderCertificate[];
  /** Ids of an instance and a key that were made through the API: the others are like them. */
  readonly pattern: { readonly serviceInstanceId: string; readonly serviceKeyId: string };
  /**
   * Keys that differ in what lists ask for: made 60 days ago, their ends within the year to come or the day before, half of them used in the last 30 days, one in
   * a hundred revoked. Else they are like the pattern.
   */
  readonly differing?: boolean;
}

/**
 * Puts service keys where the product keeps them. What tells of changes row by row is left out: the audit trail, the checks
 * of references, and the state stream, which is to be made anew afterwards.
 */
export async function enterKeys(
  databaseUrl: string,
  { keys, active, pattern, differing = false }: KeysToEnter,
): Promise<void> {
  const client = postgresClient(databaseUrl);
  await client.connect();
  try {
    await client.query(
      'SET search_path = key_management; SET session_replication_role = replica; SET synchronous_commit = off',
    );
    const instances = Math.ceil(keys / keysOfInstance);
    await client.query(enterInstances, [pattern.serviceInstanceId, instances]);
    const entered = reportProgress('service keys entered in Postgres', keys);
    for (let from = 1; from <= keys; from += rowsAtOnce) {
      const to = Math.min(keys, from + rowsAtOnce - 1);
      await client.query(enterServiceKeys(differing), [pattern.serviceKeyId, from, to]);
      if (to > active.length)
        await client.query(enterUnusedCertificates(differing), [
          pattern.serviceKeyId,
          Math.max(from, active.length + 1),
          to,
        ]);
      entered(to);
    }
    const certificates = reportProgress('certificates of active keys entered', active.length);
    for (let from = 0; from < active.length; from += certificatesAtOnce) {
      const some = active.slice(from, from + certificatesAtOnce);
      await client.query(enterCertificates, [
        pattern.serviceKeyId,
        some.map((_, index) => from + index + 1),
        some.map(({ sha256 }) => sha256),
        some.map(({ der }) => der),
        some.map(({ serialNumber }) => serialNumber),
        some.map(({ subject }) => subject),
      ]);
      certificates(from + some.length);
    }
    await summarizeKeys(client);
    await client.query('ANALYZE service_instance, service_key, credential, service_key_summary');
  } finally {
    await client.end();
  }
}

/** What triggers keep otherwise, which are off here: the order of the lists. */
async function summarizeKeys(client: PostgresClient): Promise<void> {
  await client.query('TRUNCATE service_key_summary');
  await client.query('SELECT summarize_service_keys(array_agg(id)) FROM service_key');
}

/** Id of the key with this number, from 1. */
export function serviceKeyId(number: number): string {
  const hex = createHash('md5').update(`key ${number}`).digest('hex');
  const uuid = `${hex.slice(0, 12)}4${hex.slice(13, 16)}a${hex.slice(17)}`;
  return [0, 8, 12, 16, 20].map((from, index, all) => uuid.slice(from, all[index + 1])).join('-');
}

/** The same in SQL: version 4 by its form (RFC 9562 §5.4), though known from the number. */
const uuid = (kind: string, number: string) =>
  `overlay(overlay(md5('${kind} ' || ${number}) placing '4' from 13) placing 'a' from 17)::uuid`;

const enterInstances = `
  INSERT INTO service_instance (id, name, plan, parameters, version, created_at, updated_at)
  SELECT ${uuid('instance', 'n')}, 'million-' || n, plan, parameters, nextval('record_version'), created_at, updated_at
  FROM service_instance, generate_series(1, $2::int) AS n WHERE id = $1`;

/** Of the key with the number n, and of its certificate. */
const status = (differing: boolean, of: string) =>
  differing ? `CASE WHEN n % 100 = 0 THEN 'revoked' ELSE ${of} END` : of;
const madeAt = (differing: boolean, of: string) => (differing ? `now() - interval '60 days'` : of);

const enterServiceKeys = (differing: boolean) => `
  INSERT INTO service_key (id, service_instance_id, name, key_type, parameters, status, secret_hash, created_at, updated_at)
  SELECT ${uuid('key', 'n')}, ${uuid('instance', `((n - 1) / ${keysOfInstance} + 1)`)}, 'million-' || n, key_type,
    parameters, ${status(differing, 'status')}, secret_hash, ${madeAt(differing, 'created_at')}, updated_at
  FROM service_key, generate_series($2::int, $3::int) AS n WHERE id = $1`;

const columns = `service_key_id, sha256, certificate, serial_number, subject_dn, names_digest, issued_by, issuer_dn, not_before,
  not_after, pinned, status, public_key_sha256, version, created_at`;
const likePattern = `pattern.issued_by, pattern.issuer_dn, pattern.not_before, pattern.not_after, pattern.pinned, pattern.status,
  pattern.public_key_sha256, nextval('record_version'), pattern.created_at`;
// Names are looked up for keys that are not pinned alone; here they need only differ.
const namesDigest = `encode(sha256(('names ' || n)::bytea), 'hex')`;

const enterUnusedCertificates = (differing: boolean) => `
  INSERT INTO credential (${columns}, last_used_at)
  SELECT ${uuid('key', 'n')}, encode(sha256(('certificate ' || n)::bytea), 'hex'), pattern.certificate, md5('serial ' || n),
    'CN=sender ' || n || ',O=Bench', ${namesDigest}, pattern.issued_by, pattern.issuer_dn, pattern.not_before,
    ${differing ? `date_trunc('second', now() - interval '1 day' + random() * interval '366 days')` : 'pattern.not_after'}, pattern.pinned,
    ${status(differing, 'pattern.status')}, pattern.public_key_sha256, nextval('record_version'), ${madeAt(differing, 'pattern.created_at')},
    ${differing ? `CASE WHEN random() < 0.5 THEN now() - random() * interval '30 days' END` : 'NULL::timestamptz'}
  FROM credential AS pattern, generate_series($2::int, $3::int) AS n WHERE pattern.service_key_id = $1`;

const enterCertificates = `
  INSERT INTO credential (${columns})
  SELECT ${uuid('key', 'n')}, sent.sha256, sent.der, sent.serial, sent.subject, ${namesDigest}, ${likePattern}
  FROM credential AS pattern,
    unnest($2::int[], $3::text[], $4::bytea[], $5::text[], $6::text[]) AS sent (n, sha256, der, serial, subject)
  WHERE pattern.service_key_id = $1`;
