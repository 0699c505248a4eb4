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

/** Deploys the sample through the admin API, as anybody would. @returns false when there are flows already */
export async function deploySampleFlow(adminUrl: string, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  const listed = await fetch(`${adminUrl}/v1/flows?limit=1`, { headers });
  const { items } = (await listed.json()) as { items: unknown[] };
  if (items.length > 0) return false;
  const deployed = await fetch(`${adminUrl}/v1/flows/${sampleFlowId}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/yaml' },
    body: sampleFlow,
  });
  if (!deployed.ok) throw new Error(`The sample flow could not be deployed: ${await deployed.text()}`);
  return true;
}
