import { createOutboxTable, createRecordVersionSequence } from '@sluice/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTables1764000000000 implements MigrationInterface {
  readonly name = 'CreateTables1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createOutboxTable(runner);
    await createRecordVersionSequence(runner);
    await runner.query(`
      CREATE TABLE flow (
        id text COLLATE "C" PRIMARY KEY,
        name text NOT NULL,
        definition jsonb NOT NULL,
        warnings jsonb NOT NULL,
        version bigint NOT NULL,
        deployed_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE address (
        address text CONSTRAINT address_taken PRIMARY KEY,
        flow_id text NOT NULL REFERENCES flow (id) ON DELETE CASCADE
      )`);
    await runner.query(`
      CREATE TABLE message_processing_log (
        id text COLLATE "C" PRIMARY KEY,
        correlation_id text NOT NULL,
        flow text NOT NULL,
        start_at timestamptz NOT NULL,
        end_at timestamptz,
        status text NOT NULL,
        entry jsonb NOT NULL
      )`);
    await runner.query('CREATE INDEX message_processing_log_start ON message_processing_log (start_at DESC, id DESC)');
    await runner.query(
      'CREATE INDEX message_processing_log_flow ON message_processing_log (flow, start_at DESC, id DESC)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['message_processing_log', 'address', 'flow', 'outbox'])
      await runner.query(`DROP TABLE ${table}`);
    await runner.query('DROP SEQUENCE record_version');
    await runner.query('DROP SEQUENCE outbox_position');
  }
}
