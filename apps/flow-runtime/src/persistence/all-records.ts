import type { StateRecord } from '@sluice/contracts';
import type { DataSource } from 'typeorm';
import { FlowRow } from '../flows/flow.entity.js';
import { toFlowRecord } from '../flows/flow.record.js';
import { ReceiverCredentialRow } from '../receiver-credentials/receiver-credential.entity.js';
import { toReceiverCredentialRecord } from '../receiver-credentials/receiver-credential.record.js';

/** Every record of this service, to fill an empty bucket. */
export async function* allRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for (const row of await dataSource.getRepository(FlowRow).find()) yield toFlowRecord(row);
  for (const row of await dataSource.getRepository(ReceiverCredentialRow).find()) yield toReceiverCredentialRecord(row);
}
