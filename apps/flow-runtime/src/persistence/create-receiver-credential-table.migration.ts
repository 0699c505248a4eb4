import { auditTable } from '@sluice/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateReceiverCredentialTable1764500000000 implements MigrationInterface {
  readonly name = 'CreateReceiverCredentialTable1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE receiver_credential (
        alias text COLLATE "C" PRIMARY KEY,
        type text NOT NULL,
        shown jsonb NOT NULL,
        sealed bytea NOT NULL,
        version bigint NOT NULL,
        changed_at timestamptz NOT NULL
      )`);
    await auditTable(runner, 'receiver_credential', { hidden: ['sealed', 'version', 'changed_at'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE receiver_credential');
  }
}
