import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, until } from '@sluice/testing';
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Administrator } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';

const root = process.getuid?.() === 0;
const withDisk = root ? describe : describe.skip;

const isAlive = (pid: number) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readStatus(pid));

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return 'State:\tZ';
  }
}

// A full disk needs a file system of its own, which only root may mount.
withDisk(`the disk of a local stack is full${root ? '' : ' (skipped: only root may mount one)'}`, () => {
  let folder: TemporaryFolder;
  let disk: string;
  let stack: LocalStack;

  beforeAll(async () => {
    folder = new TemporaryFolder('full-disk');
    // Postgres has a user of its own, and must come through.
    chmodSync(folder.path, 0o711);
    disk = join(folder.path, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=711', 'tmpfs', disk]);
    stack = await LocalStack.start({ home: join(disk, 'home') });
  }, 120_000);

  afterAll(async () => {
    await stack?.end('SIGKILL');
    execFileSync('umount', ['-l', disk]);
    folder.remove();
  });

  /** Takes every octet that is left. */
  function fill(): string {
    const filler = join(disk, 'filler');
    const file = openSync(filler, 'w');
    try {
      for (const size of [1024 * 1024, 4096, 1]) {
        try {
          for (;;) if (writeSync(file, Buffer.alloc(size)) < size) break;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    } finally {
      closeSync(file);
    }
    return filler;
  }

  it('the stack goes on, starts what dies, takes changes again once there is room, and leaves nobody behind', async () => {
    const administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
    await administrator.createRole();
    const pids = Object.values(stack.facts.pids).flat();
    const filler = fill();
    const [verifier = 0] = stack.facts.pids['certificate-verifier'] ?? [];
    process.kill(verifier, 'SIGKILL');
    const said = (text: RegExp) => stack.output.find((line) => text.test(line));
    await until(() => said(/certificate-verifier 1 was ended by SIGKILL/), { what: 'the stack to see it' });
    await until(() => said(/stack\.json cannot be written/), { what: 'the stack to say that the disk is full' });
    rmSync(filler);
    await until(() => administrator.createRole().catch(() => undefined), {
      what: 'a change to be taken again',
      timeoutMs: 30_000,
    });
    expect(pids.filter((pid) => pid !== verifier && !isAlive(pid))).toEqual([]);
    expect(isAlive(stack.pid)).toBe(true);
    await stack.end('SIGTERM');
    await until(() => pids.every((pid) => !isAlive(pid)) || undefined, {
      what: 'everything to be ended',
      timeoutMs: 30_000,
    });
  }, 120_000);
});
