import type { StateRecord } from '@sluice/contracts';
import type { DataSource, ObjectLiteral } from 'typeorm';
import { findListsForRecord } from '../trusted-roots/find-trusted-root.js';
import { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { toSecretRecord } from '../client-secrets/client-secret.record.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { CredentialRow } from '../service-keys/credential.entity.js';
import { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { TokenKeyRow } from '../token-keys/token-key.entity.js';
import { toTokenKeyRecord } from '../token-keys/token-key.record.js';
import { RevokedTokensRow } from '../tokens/revoked-tokens.entity.js';
import { toRevokedTokensRecord } from '../tokens/revoked-tokens.record.js';
import { TrustedRootRow } from '../trusted-roots/trusted-root.entity.js';
import { UnpinnedKeyRow } from '../service-keys/unpinned-key.entity.js';
import { toCaRecord } from '../issuing-cas/issuing-ca.record.js';
import { toCredentialRecord, toUnpinnedRecord } from '../service-keys/service-key.record.js';
import { toInstanceRecord } from '../service-instances/service-instance.record.js';
import { toRootRecord } from '../trusted-roots/trusted-root.record.js';

const pageSize = 1_000;

/** Every record of this service, page by page, to fill an empty bucket: what all others rest on first. */
export async function* allRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for await (const row of rows(dataSource, CertificateAuthorityRow, 'id')) yield toCaRecord(row);
  for await (const row of rows(dataSource, TrustedRootRow, 'sha256'))
    yield toRootRecord(row, await findListsForRecord(dataSource.manager, row.sha256));
  for await (const row of rows(dataSource, TokenKeyRow, 'kid')) yield toTokenKeyRecord(row);
  for await (const row of rows(dataSource, ServiceInstanceRow, 'id')) yield toInstanceRecord(row);
  yield* credentialRecords(dataSource);
  yield* unpinnedRecords(dataSource);
  yield* secretRecords(dataSource);
  for await (const row of rows(dataSource, RevokedTokensRow, 'serviceKeyId')) yield toRevokedTokensRecord(row);
}

async function* unpinnedRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for await (const row of rows(dataSource, UnpinnedKeyRow, 'digest')) {
    const key = await dataSource.manager.findOneBy(ServiceKeyRow, { id: row.serviceKeyId });
    if (key) yield toUnpinnedRecord(row, key);
  }
}

async function* secretRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for await (const row of rows(dataSource, ClientSecretRow, 'id')) {
    const key = await dataSource.manager.findOneBy(ServiceKeyRow, { id: row.serviceKeyId });
    if (key) yield toSecretRecord(row, key);
  }
}

async function* rows<Row extends ObjectLiteral>(
  dataSource: DataSource,
  table: new () => Row,
  key: string,
): AsyncIterable<Row> {
  for (let after: unknown; ;) {
    const query = dataSource.getRepository(table).createQueryBuilder('row').orderBy(`row.${key}`).limit(pageSize);
    if (after !== undefined) query.where(`row.${key} > :after`, { after });
    const page = await query.getMany();
    yield* page;
    if (page.length < pageSize) return;
    after = page.at(-1)?.[key];
  }
}

async function* credentialRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for (let after = ''; ;) {
    const page: { credential: CredentialRow; key: ServiceKeyRow }[] = await dataSource.transaction(
      'REPEATABLE READ',
      async (manager) => {
        const credentials = await manager
          .getRepository(CredentialRow)
          .createQueryBuilder('row')
          .where('row.sha256 > :after AND row.pinned', { after })
          .orderBy('row.sha256')
          .limit(pageSize)
          .getMany();
        const ids = [...new Set(credentials.map((row) => row.serviceKeyId))];
        const keys =
          ids.length === 0
            ? []
            : await manager.getRepository(ServiceKeyRow).createQueryBuilder('key').whereInIds(ids).getMany();
        const byId = new Map(keys.map((key) => [key.id, key]));
        return credentials.map((credential) => ({
          credential,
          key: byId.get(credential.serviceKeyId) as ServiceKeyRow,
        }));
      },
    );
    for (const { credential, key } of page) yield toCredentialRecord(credential, key);
    if (page.length < pageSize) return;
    after = page.at(-1)?.credential.sha256 ?? '';
  }
}
