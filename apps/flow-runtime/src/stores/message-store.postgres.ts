import type { Message, PersistPort } from '@sluice/flow-engine';
import type { SecretSealer } from '@sluice/persistence';
import type { DataSource } from 'typeorm';
import { expiryOf, queryStore } from './query-store.js';

/** As long as the reference product keeps them. */
const keptDays = 90;

/** Copies of messages that a persist step made, found again by the id of the message. */
export class PostgresMessageStore implements PersistPort {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealer: SecretSealer,
    private readonly now: () => number,
    private readonly flowId: string,
  ) {}

  async persist(storeId: string, message: Message, encrypt: boolean, messageId: string): Promise<void> {
    const now = this.now();
    const bytes = message.bytes();
    const body = encrypt ? await this.sealer.sealInTurns(bytes, `persisted-message:${messageId}`) : bytes;
    const headers: Record<string, string> = {};
    for (const [name, value] of message.headers) headers[name] = String(value);
    await queryStore(
      this.dataSource,
      'data-store-failed',
      'message store',
      `INSERT INTO persisted_message (flow_id, message_id, store_id, body, sealed, headers, created_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)`,
      [
        this.flowId,
        messageId,
        storeId,
        Buffer.from(body.buffer, body.byteOffset, body.length),
        encrypt,
        JSON.stringify(headers),
        new Date(now),
        expiryOf(now, keptDays),
      ],
    );
  }
}
