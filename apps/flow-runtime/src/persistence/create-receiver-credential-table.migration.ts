import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateReceiverCredentialTable1764301000000 implements MigrationInterface {
  readonly name = 'CreateReceiverCredentialTable1764301000000';

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
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE receiver_credential');
  }
}
