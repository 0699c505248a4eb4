import { stateKey, type FlowRecord } from '@sluice/contracts';
import type { FlowDefinition } from '@sluice/flow-engine';
import type { FlowRow } from './flow.entity.js';

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
