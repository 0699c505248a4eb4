import { stateKey, type RoleRecord, type StateRecord } from '@sluice/contracts';
import type { DataSource } from 'typeorm';
import { UserRoleRow } from './user-role.entity.js';

export function toRoleRecord(row: UserRoleRow): RoleRecord {
  return { key: stateKey.role(row.name), version: Number(row.version), deleted: false, name: row.name };
}

/** Every record of this service, to fill an empty bucket. */
export async function* allRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for (const row of await dataSource.getRepository(UserRoleRow).find()) yield toRoleRecord(row);
}
