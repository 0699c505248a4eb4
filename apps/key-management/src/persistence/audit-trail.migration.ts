import { auditTable, createAuditTrail, dropAuditTrail } from '@sluice/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every change of what administrators administer goes into the audit trail. */
export class AuditTrail1764400000000 implements MigrationInterface {
  readonly name = 'AuditTrail1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    await createAuditTrail(runner);
    await auditTable(runner, 'service_instance', { hidden: ['version'] });
    await auditTable(runner, 'service_key', { digested: ['secret_hash'] });
    await auditTable(runner, 'credential', {
      hidden: ['version', 'certificate', 'last_used_at', 'expiring_told', 'expired_told_at'],
    });
    await auditTable(runner, 'unpinned_key', {
      hidden: ['version', 'accepted_sha256', 'accepted_not_before', 'issuer_key_sha256'],
    });
    await auditTable(runner, 'certificate_authority', { hidden: ['version', 'certificate'], digested: ['sealed_key'] });
    await auditTable(runner, 'root_certificate_list', { hidden: ['der'] });
    await auditTable(runner, 'trusted_root', { hidden: ['version', 'certificate'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropAuditTrail(runner, [
      'service_instance',
      'service_key',
      'credential',
      'unpinned_key',
      'certificate_authority',
      'trusted_root',
      'root_certificate_list',
    ]);
  }
}
