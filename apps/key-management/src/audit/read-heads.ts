import { getAuditHead, type EventData } from '@sluice/contracts';
import { readAuditHead } from '@sluice/persistence';
import type { Shell } from '@sluice/service-shell';
import type { DataSource } from 'typeorm';

/** The newest hash of each service's audit trail; of a service that does not answer there is none this time. */
export async function readHeads(shell: Shell, dataSource: DataSource): Promise<EventData<'audit.head'>['heads']> {
  const heads = [{ service: 'key-management', ...(await readAuditHead(dataSource.manager)) }];
  for (const service of ['authorization', 'flow-runtime'] as const) {
    try {
      heads.push({ service, ...(await shell.requests.call(getAuditHead[service], {})) });
    } catch (error) {
      shell.onFault(error, `asking ${service} for the head of its audit trail`);
    }
  }
  return heads;
}
