import type { AdminClient, AnswerOf } from '@sluice/admin-client';
import { resignRecords } from '@sluice/contracts';
import { RecordReader, RecordSigner } from '@sluice/messaging';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dim, line } from '../terminal.js';
import { replaceSecret, untilMetrics, withKeysHeld } from './system-keys.js';

/** Every service that reads state records. */
const readers = ['key-management', 'certificate-verifier', 'authorization', 'flow-runtime'];
const maxRounds = 20;

/**
 * Gives the running local stack another key to sign state records with. Ended at any point it leaves every record readable,
 * and goes on from there when it is run again.
 */
export async function rotateRecordKey(client: AdminClient, home: string, databaseUrl: string): Promise<void> {
  const signingFile = join(home, 'secrets', 'record-signing.key');
  const nextFile = join(home, 'secrets', 'record-signing.next.key');
  const keysFile = join(home, 'secrets', 'record-keys.pem');
  await withKeysHeld(databaseUrl, async () => {
    const current = readFileSync(signingFile, 'utf8');
    const trusted = readFileSync(keysFile, 'utf8');
    const next = readIfThere(nextFile);
    // With two public keys and nothing prepared, the process before was ended after it had put the new key in place.
    const inPlace = next === undefined && publicKeys(trusted).length > 1;
    const key = inPlace ? current : (next ?? makeKey());
    const id = new RecordSigner(key).keyId;
    if (inPlace || next !== undefined) line(`Going on with the rotation to ${id} that was not ended.`);
    if (!inPlace) {
      replaceSecret(nextFile, key);
      if (!new RecordReader(publicKeys(trusted)).keyIds.includes(id))
        replaceSecret(keysFile, `${trusted.trimEnd()}\n${publicKeyOf(key)}`);
    }
    await untilMetrics(readers, 'read the new public key', (metrics) =>
      metrics.includes(`sluice_record_key{id="${id}"} 1\n`),
    );
    line(`1  Every process believes records that are signed with ${id}.`);
    if (!inPlace) {
      replaceSecret(signingFile, key);
      rmSync(nextFile, { force: true });
    }
    await untilMetrics(['key-management'], 'read the new signing key', (metrics) =>
      metrics.includes(`sluice_record_signing_key{id="${id}"} 1\n`),
    );
    line('2  Every process of key-management signs with it.');
    const { resigned, unexpected } = await resign(client, id);
    line(`3  Signed ${resigned} records anew; 0 are left.`);
    if (unexpected > 0)
      line(
        `   ${unexpected} records that Postgres does not know stay as they are, and are void after this: see compare-state.`,
      );
    replaceSecret(keysFile, publicKeyOf(key));
    await untilMetrics(
      readers,
      'forget the old public key',
      (metrics) => metrics.match(/^sluice_record_key\{/gm)?.length === 1,
    );
    line('4  The old key is removed, and no process believes it any more.');
    line(dim('Backups made before hold the old key and are restored with it. Make a new one now.'));
  });
}

async function resign(client: AdminClient, id: string): Promise<{ resigned: number; unexpected: number }> {
  let resigned = 0;
  for (let round = 0; round < maxRounds; round++) {
    let [left, unexpected] = [0, 0];
    for (let after: number | undefined = 0; after !== undefined;) {
      const done: AnswerOf<typeof resignRecords> = await client.call(resignRecords, { after });
      if (done.signingKey !== id) throw new Error('Records are signed with another key: run the command again.');
      resigned += done.resigned;
      left += done.left;
      unexpected += done.unexpected;
      after = done.next;
    }
    if (left === 0) return { resigned, unexpected };
  }
  throw new Error('Some records do not come into step with Postgres: see compare-state, then run the command again.');
}

function makeKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function publicKeyOf(privateKeyPem: string): string {
  return createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'pem' }) as string;
}

function publicKeys(text: string): string[] {
  return text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
