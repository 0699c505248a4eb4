import { type FollowedKeys, RecordReader, RecordSigner } from '@sluice/messaging';
import { readFileSync } from 'node:fs';
import { FollowedFiles } from './followed-files.js';
import type { Shell } from './shell.js';

const fileCheckMs = 1_000;

/** @throws Error when the file cannot be read or holds no public key */
export function followRecordKeys(path: string, onFault: Shell['onFault']): FollowedKeys<readonly string[]> {
  return new FollowedFiles(() => readPublicKeys(path), 'keys that may sign records', onFault);
}

/**
 * The key to sign records with, which is read again while the service runs; its metric shows which one it has. One that is not
 * among the public keys yet is not taken: nobody would believe what it signs.
 * @param recordKeysFile the public keys
 */
export function signerFromFile(shell: Shell, path: string, recordKeysFile: string): RecordSigner {
  const read = () => {
    const pem = readFileSync(path, 'utf8');
    if (!new RecordReader(readPublicKeys(recordKeysFile)).keyIds.includes(new RecordSigner(pem).keyId))
      throw new Error(`${path}: put its public key into ${recordKeysFile} first`);
    return pem;
  };
  const signer = new RecordSigner(new FollowedFiles(read, 'key to sign records with', shell.onFault));
  const timer = setInterval(() => void signer.check(), fileCheckMs);
  shell.onShutdown(() => clearInterval(timer));
  shell.metrics.gauge(
    'sluice_record_signing_key',
    'Id of the key this process signs records with.',
    () => [[{ id: signer.keyId }, 1]],
    ['id'],
  );
  return signer;
}

function readPublicKeys(path: string): string[] {
  const keys = readFileSync(path, 'utf8').match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g);
  if (!keys) throw new Error(`${path}: there is no public key in it`);
  return keys;
}
