/** @returns the values of a metric of a process by one of its labels */
export async function metric(healthUrl: string, name: string, label: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  const values: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const found = new RegExp(`^${name}\\{.*?${label}="([^"]*)".*\\} (\\S+)$`).exec(line);
    if (found) values[found[1] as string] = Number(found[2]);
  }
  return values;
}
