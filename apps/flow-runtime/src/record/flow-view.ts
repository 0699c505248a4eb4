import type { FlowView } from '@sluice/contracts';
import type { FlowRow } from '../persistence/entities.js';
import { httpSendersOf } from './flow-record.js';

export interface FlowStatus {
  readonly status: FlowView['status'];
  readonly error?: string;
}

/** @param status how this runtime holds the flow @param full with its definition */
export function toFlowView(row: FlowRow, flowUrl: string, status: FlowStatus, full = false): FlowView {
  return {
    id: row.id,
    name: row.name,
    endpoints: httpSendersOf(row.definition).map(({ id, address, authorization }) => ({
      id,
      address,
      url: `${flowUrl}/http${address}`,
      authorization: { ...authorization },
    })),
    ...status,
    warnings: row.warnings.map(({ code, message, path }) => ({ code, message, path })),
    version: Number(row.version),
    deployedAt: row.deployedAt.toISOString(),
    ...(full ? { definition: { ...row.definition } } : {}),
  };
}
