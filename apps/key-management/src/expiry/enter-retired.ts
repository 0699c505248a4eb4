import { DataSource } from 'typeorm';
import { enterRevokedCertificates, type RevokedCertificate } from '../issuing-cas/enter-revoked-certificates.js';
import { Injectable } from '@nestjs/common';

const batchSize = 500;

/**
 * Certificates whose scheduled end has come are entered for the CRL as superseded: other relying parties know no schedule.
 * Our own verifiers need none of this, for the end is in the record.
 */
@Injectable()
export class EnterRetired {
  constructor(private readonly dataSource: DataSource) {}

  /** @param now milliseconds since 1970 */
  async execute(now: number): Promise<void> {
    while ((await this.#batch(now)) === batchSize);
  }

  async #batch(now: number): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      const [retired]: [(RevokedCertificate & { retiresAt: Date })[], number] = await manager.query(
        `UPDATE credential SET status = 'retired' WHERE sha256 IN (
           SELECT sha256 FROM credential
           WHERE status = 'retiring' AND retires_at <= $1 AND retire_after_unused_days IS NULL AND postponed_at IS NULL
           ORDER BY sha256 LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)
         RETURNING issued_by AS "issuedBy", serial_number AS "serialNumber", not_after AS "notAfter",
           public_key_sha256 AS "publicKeySha256", retires_at AS "retiresAt"`,
        [new Date(now)],
      );
      for (const certificate of retired)
        await enterRevokedCertificates(manager, [certificate], 'superseded', certificate.retiresAt);
      return retired.length;
    });
  }
}
