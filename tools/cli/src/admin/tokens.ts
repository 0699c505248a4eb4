import type { AdminClient } from '@sluice/admin-client';
import { adminTokenDays, listAdminTokens, makeAdminToken, revokeAdminToken } from '@sluice/contracts';
import { isRight, rightNames, type Right } from '@sluice/domain';
import { bold, dim, line } from '../terminal.js';

const day = 86_400_000;

/**
 * Prints the token alone on the standard output, so that it can go into a file.
 * @param roles rights with a comma between two; absent, those of who asks
 * @param days until it ends
 */
export async function createToken(client: AdminClient, name: string, roles?: string, days?: string): Promise<void> {
  const rights = roles === undefined ? undefined : roles.split(',').map(rightNamed);
  const made = await client.call(makeAdminToken, {
    name,
    ...(rights ? { roles: rights } : {}),
    ...(days === undefined ? {} : { expiresAt: new Date(Date.now() + daysIn(days) * day).toISOString() }),
  });
  line(made.token);
  const told = [
    `This is the only time the token ${name} is shown; its hash alone is kept.`,
    `It has the rights ${(made.roles ?? []).join(', ')}, and expires at ${made.expiresAt ?? 'no time'}.`,
  ];
  process.stderr.write(`${dim(told.join('\n'))}\n`);
}

export async function listTokens(client: AdminClient): Promise<void> {
  for await (const { name, roles = [], status = '', expiresAt, lastUsedAt, warning } of client.list(
    listAdminTokens,
    {},
  )) {
    const times = `${expiresAt ? `ends ${expiresAt}` : 'does not end'}, ${lastUsedAt ? `last used ${lastUsedAt}` : 'never used'}`;
    line(
      `${bold(name.padEnd(24))} ${status.padEnd(8)} ${roles.join(',')} ${dim(times)}${warning ? ` ${warning}` : ''}`,
    );
  }
}

export async function revokeToken(client: AdminClient, name: string): Promise<void> {
  await client.call(revokeAdminToken, { name });
  line(`The token ${name} is revoked.`);
}

function rightNamed(role: string): Right {
  if (isRight(role)) return role;
  throw new Error(`There is no right ${role}. There are ${rightNames.join(', ')}.`);
}

function daysIn(text: string): number {
  const days = Number(text);
  if (Number.isFinite(days) && days > 0 && days <= adminTokenDays.most) return days;
  throw new Error(`A token lasts for 1 to ${adminTokenDays.most} days.`);
}
