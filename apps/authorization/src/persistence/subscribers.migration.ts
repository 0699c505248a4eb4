import { auditTable } from '@sluice/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may subscribe to events, by the public key it proves itself with. */
export class Subscribers1797000000000 implements MigrationInterface {
  readonly name = 'Subscribers1797000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE subscriber (
        id uuid CONSTRAINT subscriber_id PRIMARY KEY,
        name text COLLATE "C" NOT NULL CONSTRAINT subscriber_name UNIQUE,
        public_key text COLLATE "C" NOT NULL CONSTRAINT subscriber_public_key UNIQUE,
        created_at timestamptz NOT NULL,
        last_seen_at timestamptz
      )`);
    await auditTable(runner, 'subscriber', { hidden: ['last_seen_at'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE subscriber');
  }
}
