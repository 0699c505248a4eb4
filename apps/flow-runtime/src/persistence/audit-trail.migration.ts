import { auditTable, createAuditTrail, dropAuditTrail } from '@sluice/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every change of what administrators administer goes into the audit trail. */
export class AuditTrail1764400000000 implements MigrationInterface {
  readonly name = 'AuditTrail1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await createAuditTrail(runner);
    await auditTable(runner, 'flow', { hidden: ['version', 'warnings'], digested: ['definition'] });
    await auditTable(runner, 'failed_deployment', { hidden: ['problems'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropAuditTrail(runner, ['flow', 'failed_deployment']);
  }
}
