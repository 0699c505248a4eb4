import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createPartitions } from '../messages/partitions.js';

/**
 * The message processing log by days, so that old entries are dropped and not deleted; with what is searched by in
 * columns and what few entries have in one of JSON.
 */
export class PartitionMessageLog1764000600000 implements MigrationInterface {
  readonly name = 'PartitionMessageLog1764000600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE message_processing_log RENAME TO message_processing_log_before');
    for (const index of ['message_processing_log_pkey', 'message_processing_log_start', 'message_processing_log_flow'])
      await runner.query(`ALTER INDEX ${index} RENAME TO ${index}_before`);
    await runner.query(`
      CREATE TABLE message_processing_log (
        id text COLLATE "C" NOT NULL,
        start_at timestamptz NOT NULL,
        end_at timestamptz,
        status text NOT NULL,
        flow text NOT NULL,
        log_level text NOT NULL,
        sender text,
        correlation_id text COLLATE "C",
        runtime_id text,
        detail jsonb,
        PRIMARY KEY (id, start_at)
      ) PARTITION BY RANGE (start_at)`);
    await runner.query(`
      CREATE TABLE message_attachment (
        message_id text COLLATE "C" NOT NULL,
        start_at timestamptz NOT NULL,
        index integer NOT NULL,
        name text NOT NULL,
        media_type text NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (message_id, start_at, index)
      ) PARTITION BY RANGE (start_at)`);
    const indexes: readonly [name: string, columns: string][] = [
      ['start', '(start_at DESC, id DESC)'],
      ['flow', '(flow, start_at DESC, id DESC)'],
      ['sender', '(sender, start_at DESC, id DESC)'],
      ['correlation', '(correlation_id, start_at DESC) WHERE correlation_id IS NOT NULL'],
      ['unusual', `(status, start_at DESC, id DESC) WHERE status <> 'COMPLETED'`],
    ];
    for (const [name, columns] of indexes)
      await runner.query(`CREATE INDEX message_processing_log_${name} ON message_processing_log ${columns}`);
    for (const table of ['message_processing_log', 'message_attachment'])
      await runner.query(`CREATE TABLE ${table}_other PARTITION OF ${table} DEFAULT`);
    await createPartitions((sql) => runner.query(sql), Date.now());
    await runner.query(`
      INSERT INTO message_processing_log
      SELECT id, start_at, end_at, status, flow, coalesce(entry ->> 'logLevel', 'INFO'), entry ->> 'sender',
             nullif(correlation_id, id), NULL,
             nullif(entry - '{id,correlationId,flow,start,end,status,logLevel,sender}'::text[], '{}'::jsonb)
      FROM message_processing_log_before`);
    await runner.query('DROP TABLE message_processing_log_before');
    // Since when the runtime has been seen without a gap.
    await runner.query('ALTER TABLE runtime ADD COLUMN reachable_since timestamptz NOT NULL DEFAULT now()');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE runtime DROP COLUMN reachable_since');
    await runner.query('DROP TABLE message_attachment');
    await runner.query('DROP TABLE message_processing_log');
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
}
