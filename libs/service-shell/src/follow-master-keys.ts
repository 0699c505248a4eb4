import { parseMasterKeys, SecretSealer, type MasterKeys } from '@sluice/persistence';
import { readFileSync } from 'node:fs';
import { FollowedFiles } from './followed-files.js';
import type { Shell } from './shell.js';

const fileCheckMs = 1_000;

/** @throws Error when the file cannot be read or holds no master key */
export function followMasterKeys(path: string, onFault: Shell['onFault']): MasterKeys & { check(): boolean } {
  return new FollowedFiles(() => parseMasterKeys(readFileSync(path, 'utf8')), 'master keys', onFault);
}

/** A sealer under the keys of a file, which is read again while the service runs; its metrics show which keys it has. */
export function sealerFromFile(shell: Shell, path: string): SecretSealer {
  const sealer = new SecretSealer(followMasterKeys(path, shell.onFault));
  const timer = setInterval(() => void sealer.check(), fileCheckMs);
  shell.onShutdown(() => clearInterval(timer));
  shell.metrics.gauge(
    'sluice_master_key',
    'Master keys of this process by id; 1: it seals under it, 0: it only opens with it.',
    () => sealer.keyIds.map((id, index) => [{ id }, index === 0 ? 1 : 0]),
    ['id'],
  );
  return sealer;
}
