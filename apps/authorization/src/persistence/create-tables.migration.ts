import { predefinedRoles } from '@sluice/domain';
import { createOutboxTable, createRecordVersionSequence } from '@sluice/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTable(runner);
    await createRecordVersionSequence(runner);
    await runner.query(`
      CREATE TABLE user_role (
        name text COLLATE "C" CONSTRAINT user_role_name PRIMARY KEY,
        description text NOT NULL,
        owner text NOT NULL,
        version bigint NOT NULL,
        created_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE admin_token (
        name text COLLATE "C" CONSTRAINT admin_token_name PRIMARY KEY,
        sha256 text NOT NULL UNIQUE,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL
      )`);
    for (const [name, description] of predefinedRoles) {
      await runner.query(
        `INSERT INTO user_role (name, description, owner, version, created_at) VALUES ($1, $2, 'SAP', nextval('record_version'), now())`,
        [name, description],
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['admin_token', 'user_role', 'outbox']) await runner.query(`DROP TABLE ${table}`);
    await runner.query('DROP SEQUENCE record_version');
    await runner.query('DROP SEQUENCE outbox_position');
  }
}
