import type { StateRecord } from '@sluice/contracts';
import type { DataSource, EntitySchema, ObjectLiteral } from 'typeorm';
import {
  certificateAuthoritySchema,
  credentialSchema,
  serviceInstanceSchema,
  serviceKeySchema,
  trustedRootSchema,
  unpinnedKeySchema,
  type CredentialRow,
  type ServiceKeyRow,
} from '../persistence/entities.js';
import { findListsForRecord } from '../persistence/find-certificate-lists.js';
import { toCaRecord, toCredentialRecord, toInstanceRecord, toRootRecord, toUnpinnedRecord } from './state-record.js';

const pageSize = 1_000;

/** Every record of this service, page by page, to fill an empty bucket: what all others rest on first. */
export async function* allRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for await (const row of rows(dataSource, certificateAuthoritySchema, 'id')) yield toCaRecord(row);
  for await (const row of rows(dataSource, trustedRootSchema, 'sha256'))
    yield toRootRecord(row, await findListsForRecord(dataSource.manager, row.sha256));
  for await (const row of rows(dataSource, serviceInstanceSchema, 'id')) yield toInstanceRecord(row);
  yield* credentialRecords(dataSource);
  yield* unpinnedRecords(dataSource);
}

async function* unpinnedRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for await (const row of rows(dataSource, unpinnedKeySchema, 'digest')) {
    const key = await dataSource.manager.findOneBy(serviceKeySchema, { id: row.serviceKeyId });
    if (key) yield toUnpinnedRecord(row, key);
  }
}

async function* rows<Row extends ObjectLiteral>(
  dataSource: DataSource,
  schema: EntitySchema<Row>,
  key: string,
): AsyncIterable<Row> {
  for (let after: unknown; ;) {
    const query = dataSource.getRepository(schema).createQueryBuilder('row').orderBy(`row.${key}`).limit(pageSize);
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
          .getRepository(credentialSchema)
          .createQueryBuilder('row')
          .where('row.sha256 > :after AND row.pinned', { after })
          .orderBy('row.sha256')
          .limit(pageSize)
          .getMany();
        const ids = [...new Set(credentials.map((row) => row.serviceKeyId))];
        const keys =
          ids.length === 0
            ? []
            : await manager.getRepository(serviceKeySchema).createQueryBuilder('key').whereInIds(ids).getMany();
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
