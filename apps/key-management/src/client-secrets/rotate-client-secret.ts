import type { ChangeScope } from '@sluice/service-shell';
import { scheduleEnd, type RetirementOptions } from '../service-keys/retirement.js';
import type { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { toEventServiceKey } from '../service-keys/service-key.view.js';
import { addClientSecret } from './add-client-secret.js';
import type { ClientSecretRow } from './client-secret.entity.js';
import { toEventSecret } from './client-secret.view.js';
import { writeClientSecrets } from './write-client-secrets.js';

export interface SecretRotation extends RetirementOptions {
  /** Of the new secret, as `hashSecret` gave it. */
  readonly hash: string;
  readonly before: readonly ClientSecretRow[];
  readonly retiresAt: Date;
  readonly actor: string;
}

/**
 * Gives a key, which the transaction holds locked, a new secret; those before end with the overlap.
 * @returns its secrets, the new one first
 */
export async function rotateClientSecret(
  change: ChangeScope,
  key: ServiceKeyRow,
  { hash, before, retiresAt, actor, ...options }: SecretRotation,
  now: number,
): Promise<ClientSecretRow[]> {
  const made = await addClientSecret(change, key, hash, now);
  const retiring = before.map((row) => scheduleEnd(row, retiresAt, options, now));
  const rows = await writeClientSecrets(
    change,
    {
      key,
      rows: [made, ...retiring],
      changed: new Set(retiring.filter((row, index) => row !== before[index]).map(({ id }) => id)),
    },
    actor,
    now,
  );
  const [predecessor] = before;
  change.event('service-key.rotated', key.id, {
    actor,
    serviceKey: toEventServiceKey(key),
    secret: toEventSecret(made),
    ...(predecessor ? { predecessorSecret: toEventSecret(predecessor) } : {}),
    retiresAt: retiresAt.toISOString(),
    ...(options.retireAfterUnusedDays === undefined ? {} : { retireAfterUnusedDays: options.retireAfterUnusedDays }),
  });
  return rows;
}
