import { createAcknowledgedTable, dropAcknowledgedTable } from '@sluice/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the bus acknowledged stays for a while, so that a stream that lost it is noticed and mended. */
export class KeepAcknowledgements1796000000000 implements MigrationInterface {
  readonly name = 'KeepAcknowledgements1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createAcknowledgedTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropAcknowledgedTable(runner);
  }
}
