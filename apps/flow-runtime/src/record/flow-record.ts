import { stateKey, type FlowRecord, type StateRecord } from '@sluice/contracts';
import type { FlowDefinition } from '@sluice/flow-engine';
import type { DataSource } from 'typeorm';
import { flowSchema, receiverCredentialSchema, type FlowRow } from '../persistence/entities.js';
import { toReceiverCredentialRecord } from './receiver-credential-record.js';

/** The sender channels of a flow that listen on HTTP. */
export function httpSendersOf(definition: FlowDefinition) {
  return definition.senders.filter((sender) => 'authorization' in sender);
}

/**
 * Every address a flow listens on, each of which one flow alone may have. One of ProcessDirect is told from a path by what
 * stands before it.
 */
export function addressesOf(definition: FlowDefinition): string[] {
  return definition.senders.flatMap((sender) => {
    if (sender.adapter === 'Timer') return [];
    return [sender.adapter === 'ProcessDirect' ? `ProcessDirect:${sender.address}` : sender.address];
  });
}

export function toFlowRecord(row: FlowRow): FlowRecord {
  return {
    key: stateKey.flow(row.id),
    version: Number(row.version),
    deleted: false,
    id: row.id,
    name: row.name,
    endpoints: httpSendersOf(row.definition).map(({ id, address, authorization }) => ({
      id,
      address,
      authorization:
        authorization.type === 'UserRole'
          ? authorization
          : { type: authorization.type, certificates: authorization.certificates.map((pair) => ({ ...pair })) },
    })),
    definition: { ...row.definition },
  };
}

/** Every record of this service, to fill an empty bucket. */
export async function* allRecords(dataSource: DataSource): AsyncIterable<StateRecord> {
  for (const row of await dataSource.getRepository(flowSchema).find()) yield toFlowRecord(row);
  for (const row of await dataSource.getRepository(receiverCredentialSchema).find())
    yield toReceiverCredentialRecord(row);
}
