import { parseCertificate } from '@sluice/pki';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What rotation, expiry, revocation lists and generations of CAs need to know. */
export class KeyLifecycle1764300000000 implements MigrationInterface {
  readonly name = 'KeyLifecycle1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE credential
        ADD COLUMN retire_after_unused_days integer,
        ADD COLUMN postponed_at timestamptz,
        ADD COLUMN last_used_at timestamptz,
        ADD COLUMN expiring_told integer,
        ADD COLUMN expired_told_at timestamptz,
        ADD COLUMN public_key_sha256 text`);
    await this.#fillPublicKeys(runner);
    await runner.query('ALTER TABLE credential ALTER COLUMN public_key_sha256 SET NOT NULL');
    await runner.query('CREATE INDEX credential_public_key ON credential (public_key_sha256)');
    await runner.query('CREATE INDEX credential_not_after ON credential (not_after) WHERE expired_told_at IS NULL');
    await runner.query(`CREATE INDEX credential_retiring ON credential (retires_at) WHERE status = 'retiring'`);
    await runner.query('CREATE INDEX credential_issued_by ON credential (issued_by)');
    await runner.query(`
      ALTER TABLE certificate_authority
        ADD COLUMN number integer NOT NULL DEFAULT 1,
        ADD COLUMN revocation_reason text,
        ADD COLUMN public_key_sha256 text`);
    const authorities: { id: string; certificate: Buffer }[] = await runner.query(
      'SELECT id, certificate FROM certificate_authority',
    );
    for (const { id, certificate } of authorities) {
      await runner.query('UPDATE certificate_authority SET public_key_sha256 = $2 WHERE id = $1', [
        id,
        parseCertificate(certificate).spkiSha256,
      ]);
    }
    await runner.query('ALTER TABLE certificate_authority ALTER COLUMN public_key_sha256 SET NOT NULL');
    await runner.query(`
      CREATE UNIQUE INDEX certificate_authority_active ON certificate_authority (kind)
      WHERE kind = 'issuing' AND status = 'active'`);
    // Kept when the key it belonged to is deleted: other relying parties must go on refusing the certificate.
    await runner.query(`
      CREATE TABLE revoked_certificate (
        issued_by uuid NOT NULL REFERENCES certificate_authority (id),
        serial_number text NOT NULL,
        revoked_at timestamptz NOT NULL,
        reason text NOT NULL,
        not_after timestamptz NOT NULL,
        public_key_sha256 text NOT NULL,
        listed_in bigint,
        PRIMARY KEY (issued_by, serial_number)
      )`);
    await runner.query(
      'CREATE INDEX revoked_certificate_unlisted ON revoked_certificate (issued_by) WHERE listed_in IS NULL',
    );
    await runner.query('CREATE INDEX revoked_certificate_public_key ON revoked_certificate (public_key_sha256)');
    await runner.query(`
      CREATE TABLE certificate_list (
        authority_id uuid PRIMARY KEY REFERENCES certificate_authority (id),
        number bigint NOT NULL,
        der bytea NOT NULL,
        this_update timestamptz NOT NULL,
        next_update timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE usage_watch (
        id boolean PRIMARY KEY DEFAULT true CHECK (id),
        since timestamptz NOT NULL,
        last timestamptz NOT NULL
      )`);
  }

  async #fillPublicKeys(runner: QueryRunner): Promise<void> {
    for (let after = ''; ;) {
      const rows: { sha256: string; certificate: Buffer }[] = await runner.query(
        'SELECT sha256, certificate FROM credential WHERE sha256 > $1 ORDER BY sha256 LIMIT 500',
        [after],
      );
      const [last] = rows.slice(-1);
      if (!last) return;
      after = last.sha256;
      await runner.query(
        `UPDATE credential SET public_key_sha256 = read.key
         FROM unnest($1::text[], $2::text[]) AS read (sha256, key) WHERE credential.sha256 = read.sha256`,
        [rows.map((row) => row.sha256), rows.map((row) => parseCertificate(row.certificate).spkiSha256)],
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['usage_watch', 'certificate_list', 'revoked_certificate'])
      await runner.query(`DROP TABLE ${table}`);
    await runner.query('DROP INDEX certificate_authority_active');
    await runner.query(`
      ALTER TABLE certificate_authority
        DROP COLUMN number, DROP COLUMN revocation_reason, DROP COLUMN public_key_sha256`);
    await runner.query(`
      ALTER TABLE credential
        DROP COLUMN retire_after_unused_days, DROP COLUMN postponed_at, DROP COLUMN last_used_at,
        DROP COLUMN expiring_told, DROP COLUMN expired_told_at, DROP COLUMN public_key_sha256`);
  }
}
