import { listCertificates, type CertificateView, type DecodedRequestOf } from '@sluice/contracts';
import { formatDistinguishedName, readTimestamp } from '@sluice/domain';
import { parseCertificate } from '@sluice/pki';
import { CLOCK, pageOf } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { ServerCertificates } from './server-certificates.js';
import { endOfHeld } from '../service-keys/end-of-held.sql.js';
import { TrustedRootRow } from '../trusted-roots/trusted-root.entity.js';

type Search = DecodedRequestOf<typeof listCertificates>;
type Listed = CertificateView & { readonly position: string };

/** The end of the last certificate of a page, in ISO 8601, and its digest; of one that no key holds, its kind: it may be several things. */
const position = /^(\S{24}) ([0-9a-f]{64})(?: [a-z-]+)?$/;

interface HeldRow {
  readonly sha256: string;
  readonly issued: boolean;
  readonly subject_dn: string;
  readonly issuer_dn: string;
  readonly serial_number: string;
  readonly not_before: Date;
  readonly not_after: Date;
  readonly status: CertificateView['status'];
  readonly last_used_at: Date | null;
  readonly key_id: string;
  readonly key_name: string;
  readonly service_instance_id: string;
}

/** Lists every certificate by the end of its validity. */
@Injectable()
export class ListCertificates {
  constructor(
    private readonly dataSource: DataSource,
    private readonly serverCertificates: ServerCertificates,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `invalid-argument` naming `after` when no page of this list gave it */
  async execute(search: Search): Promise<{ items: CertificateView[]; next?: string }> {
    const { rows, ...end } = await pageOf(listCertificates, search, {
      isPosition: (text) => position.test(text),
      load: async (after, take) => {
        const held = await this.#held(search, after, take);
        // They are few, and their ends are in the certificates alone.
        const others = (await this.#others()).filter(
          (listed) => (after === undefined || listed.position > after) && fits(search, listed),
        );
        return [...held, ...others].sort((a, b) => (a.position < b.position ? -1 : 1)).slice(0, take);
      },
      position: (row) => row.position,
    });
    return { items: rows.map(({ position: _, ...item }) => item), ...end };
  }

  async #held(search: Search, after: string | undefined, take: number): Promise<Listed[]> {
    if (search.kind !== undefined && search.kind !== 'issued' && search.kind !== 'external') return [];
    const values: unknown[] = [];
    const value = (given: unknown) => `$${values.push(given)}`;
    const time = (text: string) => `${value(new Date(text))}::timestamptz`;
    const now = time(new Date(this.now()).toISOString());
    const status = `CASE WHEN held.status = 'revoked' THEN 'revoked' WHEN held.not_after < ${now} THEN 'expired'
      WHEN held.status = 'retired' OR ${endOfHeld} <= ${now} THEN 'retired' ELSE held.status END`;
    const conditions = [`${now} IS NOT NULL`];
    const [, ended, sha256] = position.exec(after ?? '') ?? [];
    // To the microsecond a certificate ends with its second.
    if (ended !== undefined) conditions.push(`(held.not_after, held.sha256) > (${time(ended)}, ${value(sha256)})`);
    if (search.kind !== undefined)
      conditions.push(`held.issued_by IS ${search.kind === 'issued' ? 'NOT NULL' : 'NULL'}`);
    // The two that can be few among many are asked for in the words of their indexes.
    if (search.status === 'revoked') conditions.push(`held.status = 'revoked'`);
    else if (search.status === 'expired') conditions.push(`held.status <> 'revoked'`, `held.not_after < ${now}`);
    else if (search.status !== undefined) conditions.push(`${status} = ${value(search.status)}`);
    const { expiringBefore, expiringAfter } = search;
    if (expiringBefore !== undefined) conditions.push(`held.not_after < ${time(inUtc(expiringBefore))}`);
    if (expiringAfter !== undefined) conditions.push(`held.not_after >= ${time(inUtc(expiringAfter))}`);
    const rows = await this.dataSource.query<HeldRow[]>(
      `SELECT held.sha256, held.issued_by IS NOT NULL AS issued, held.subject_dn, held.issuer_dn, held.serial_number, held.not_before, held.not_after,
              ${status} AS status, held.last_used_at, service_key.id AS key_id, service_key.name AS key_name, service_key.service_instance_id
       FROM credential held JOIN service_key ON service_key.id = held.service_key_id
       WHERE ${conditions.join(' AND ')} ORDER BY held.not_after, held.sha256 LIMIT ${value(take)}`,
      values,
    );
    return rows.map((row) => ({
      sha256: row.sha256,
      kind: row.issued ? 'issued' : 'external',
      subjectdn: row.subject_dn,
      issuerdn: row.issuer_dn,
      serialnumber: `0x${row.serial_number}`,
      validfrom: row.not_before.toISOString(),
      validuntil: row.not_after.toISOString(),
      status: row.status,
      serviceKeyId: row.key_id,
      serviceKeyName: row.key_name,
      serviceInstanceId: row.service_instance_id,
      ...(row.last_used_at ? { lastUsedAt: row.last_used_at.toISOString() } : {}),
      position: `${row.not_after.toISOString()} ${row.sha256}`,
    }));
  }

  async #others(): Promise<Listed[]> {
    const { manager } = this.dataSource;
    const [ours, added] = [await manager.find(CertificateAuthorityRow), await manager.find(TrustedRootRow)];
    const shown = await this.serverCertificates.all();
    return [
      ...ours.map((row) => this.#listed(row.certificate, row.kind === 'root' ? 'own-root' : 'issuing-ca', row.status)),
      ...added.map((row) => this.#listed(row.certificate, 'trusted-root', 'active')),
      ...shown.map(({ der, leaf, shown, servers }) => ({
        ...this.#listed(der, leaf ? 'server' : 'server-ca', shown ? 'active' : 'retired'),
        servers,
      })),
    ];
  }

  #listed(der: Uint8Array, kind: CertificateView['kind'], status: CertificateView['status']): Listed {
    const certificate = parseCertificate(der);
    const validuntil = new Date(certificate.notAfter).toISOString();
    return {
      sha256: certificate.sha256,
      kind,
      subjectdn: formatDistinguishedName(certificate.subject),
      issuerdn: formatDistinguishedName(certificate.issuer),
      serialnumber: `0x${certificate.serialNumber}`,
      validfrom: new Date(certificate.notBefore).toISOString(),
      validuntil,
      status: status !== 'revoked' && certificate.notAfter < this.now() ? 'expired' : status,
      position: `${validuntil} ${certificate.sha256} ${kind}`,
    };
  }
}

function inUtc(text: string): string {
  return new Date(readTimestamp(text) as number).toISOString();
}

function fits(search: Search, { kind, status, validuntil }: CertificateView): boolean {
  const { expiringBefore, expiringAfter } = search;
  return (
    (search.kind === undefined || search.kind === kind) &&
    (search.status === undefined || search.status === status) &&
    (expiringBefore === undefined || validuntil < inUtc(expiringBefore)) &&
    (expiringAfter === undefined || validuntil >= inUtc(expiringAfter))
  );
}
