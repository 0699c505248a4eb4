import { AdminClient } from '@sluice/admin-client';
import { listFlows, putFlow } from '@sluice/contracts';

/** Deployed when there is no flow yet, so that there is something to call. */
export const sampleFlowId = 'orders';

export const sampleFlow = `name: orders
sender:
  adapter: HTTPS
  address: /orders
  authorization: {type: UserRole, role: ESBMessaging.send}
steps:
  - contentModifier:
      headers: {X-Received: "\${date:now:yyyy-MM-dd}", Content-Type: application/json}
      body: '{"accepted": "\${header.id}"}'
`;

/** Deploys the sample through the admin API, as anybody would. @param ca of the admin API, where it speaks TLS @returns false when there are flows already */
export async function deploySampleFlow(adminUrl: string, token: string, ca?: string): Promise<boolean> {
  const admin = new AdminClient({ url: adminUrl, token, ...(ca === undefined ? {} : { tls: { ca } }) });
  const { items } = await admin.call(listFlows, { limit: 1 });
  if (items.length > 0) return false;
  await admin.send(putFlow, { id: sampleFlowId }, { content: sampleFlow, mediaType: 'application/yaml' });
  return true;
}
