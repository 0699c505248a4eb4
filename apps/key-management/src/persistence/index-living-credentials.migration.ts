import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is looked through again and again for expiry must not grow with the certificates that have ended otherwise. */
export class IndexLivingCredentials1764300100000 implements MigrationInterface {
  readonly name = 'IndexLivingCredentials1764300100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX credential_not_after');
    await runner.query(`
      CREATE INDEX credential_living ON credential (not_after)
      WHERE expired_told_at IS NULL AND status IN ('active', 'retiring')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX credential_living');
    await runner.query('CREATE INDEX credential_not_after ON credential (not_after) WHERE expired_told_at IS NULL');
  }
}
