import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sender, until } from './stack.mjs';

/** A backup of the running stack, restored beside it under another name, and over it while NATS holds what came later. */
export async function backup({ stack, restored, see }) {
  const work = mkdtempSync(join(tmpdir(), 'sluice-drill-'));
  const folder = join(work, 'backup');
  const flow = await stack.makeFlow(`backup-${Date.now().toString(36)}`);
  const before = await stack.issueKey(flow, 'before');
  const revoked = await stack.issueKey(flow, 'revoked-after');
  for (const { sender } of [before, revoked]) await sender.answered(200);
  const began = performance.now();
  await stack.run('bash', ['deploy/backup.sh', folder]);
  see('the backup took', `${((performance.now() - began) / 1_000).toFixed(1)} s`, () => true);
  const later = await stack.issueKey(flow, 'after');
  await later.sender.answered(200);
  see('a key is revoked after the backup', (await stack.revoke(revoked)).status, (status) => status < 300);
  await revoked.sender.answered(401);

  const restoring = performance.now();
  await restored.run('bash', ['deploy/restore.sh', folder]);
  await restored.ready(180);
  see(
    'restored under another name and ready after',
    `${((performance.now() - restoring) / 1_000).toFixed(1)} s`,
    () => true,
  );
  restored.token = stack.token;
  restored.serverRoot = stack.serverRoot;
  const there = (key) => new Sender(restored, flow.path, key.credentials);
  see('there, the key issued before the backup', await there(before).call(), 200);
  see('there, the key revoked after the backup', await there(revoked).call(), 200);
  see('there, the key issued after the backup', await there(later).call(), 401);
  const issued = await restored.issueKey(flow, 'new');
  await issued.sender.answered(200);
  see('there, a key issued now', await issued.sender.call(), 200);

  // The same stack, put back: NATS goes on with what came after the backup.
  const inPlace = performance.now();
  await stack.run('bash', [
    'deploy/restore.sh',
    folder,
    '--scale',
    'flow-runtime=2',
    '--scale',
    'certificate-verifier=2',
  ]);
  await stack.ready(180);
  see('restored in place and ready after', `${((performance.now() - inPlace) / 1_000).toFixed(1)} s`, () => true);
  see(
    'times the state stream was found ahead of Postgres',
    await stack.metric('key-management', 'sluice_state_losses_total'),
    (count) => count >= 1,
  );
  see('in place, the key issued before the backup', await before.sender.call(), 200);
  see('in place, the key issued after the backup', await later.sender.call(), 401);
  see('in place, the key revoked after the backup', await revoked.sender.call(), 200);
  see('it is revoked once more', (await stack.revoke(revoked)).status, (status) => status < 300);
  await until(async () => (await revoked.sender.call()) === 401, 'the revoked key to be refused');
  see('and then', await revoked.sender.call(), 401);
  for (const service of ['key-management', 'authorization', 'flow-runtime'])
    see(`records of ${service} put right afterwards`, await stack.metric(service, 'sluice_state_repaired_total'), 0);
  for (const { sender } of [before, revoked, later, issued]) sender.close();
  rmSync(work, { recursive: true });
}
