import type { CertificateView } from '@sluice/contracts';
import { invalidArgument } from '@sluice/domain';
import { parseCertificate } from '@sluice/pki';
import { CLOCK } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export type Server = NonNullable<CertificateView['servers']>[number];

/** A certificate that servers show; `leaf` for their own, else one above it. */
export interface ServerCertificate {
  readonly der: Buffer;
  readonly leaf: boolean;
  readonly servers: Server[];
  /** Some server showed it when it was looked at last. */
  readonly shown: boolean;
}

/** Servers are looked at every five minutes. */
const shownForMs = 15 * 60_000;
const keptForMs = 86_400_000;
/** Of one kind of server: whoever reports may be in wrong hands. */
const maxOfServer = 64;

/** What the servers of this installation show: the front door, the bus, the database. */
@Injectable()
export class ServerCertificates {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * Notes what servers show. What none has shown for a day is forgotten.
   * @param chains DER, the leaf first
   * @throws SluiceError `invalid-argument` when one is no certificate
   */
  async seen(server: Server, chains: readonly (readonly Uint8Array[])[]): Promise<void> {
    const all = new Map<string, { der: Buffer; leaf: boolean }>();
    for (const chain of chains)
      for (const [index, der] of chain.entries()) {
        const { sha256 } = readable(der);
        all.set(sha256, { der: Buffer.from(der), leaf: index === 0 || all.get(sha256)?.leaf === true });
      }
    const now = this.now();
    const certificates = [...all].sort(([one], [other]) => (one < other ? -1 : 1));
    await this.dataSource.transaction(async (manager) => {
      for (const [sha256, { der, leaf }] of certificates)
        await manager.query(
          `INSERT INTO server_certificate (server, sha256, leaf, certificate, seen_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (server, sha256) DO UPDATE SET seen_at = GREATEST(server_certificate.seen_at, excluded.seen_at)`,
          [server, sha256, leaf, der, new Date(now)],
        );
      await manager.query(
        `DELETE FROM server_certificate WHERE server = $1 AND (seen_at < $2 OR sha256 IN (
           SELECT sha256 FROM server_certificate WHERE server = $1 ORDER BY seen_at DESC, sha256 OFFSET $3))`,
        [server, new Date(now - keptForMs), maxOfServer],
      );
    });
  }

  async all(): Promise<ServerCertificate[]> {
    const rows = await this.dataSource.query<{ der: Buffer; leaf: boolean; servers: Server[]; seen_at: Date }[]>(
      `SELECT (array_agg(certificate))[1] AS der, bool_or(leaf) AS leaf, array_agg(server ORDER BY server) AS servers, max(seen_at) AS seen_at
       FROM server_certificate GROUP BY sha256`,
    );
    const shownSince = this.now() - shownForMs;
    return rows.map(({ seen_at, ...row }) => ({ ...row, shown: seen_at.getTime() >= shownSince }));
  }
}

function readable(der: Uint8Array): { sha256: string } {
  try {
    return parseCertificate(der);
  } catch {
    throw invalidArgument([{ field: 'chains', message: 'must be certificates in DER' }]);
  }
}
