import type { AdminClient } from '@sluice/admin-client';
import { putFlow } from '@sluice/contracts';

/** Deploys a flow whose address is its id. @param logLevel of its message processing log */
export async function deployFlow(
  admin: AdminClient,
  id: string,
  logLevel: 'NONE' | 'INFO',
  steps: readonly unknown[] = [],
): Promise<void> {
  const definition = { name: id, sender: { adapter: 'HTTPS', address: `/${id}` }, steps, log: { level: logLevel } };
  await admin.send(putFlow, { id }, { content: JSON.stringify(definition), mediaType: 'application/json' });
}
