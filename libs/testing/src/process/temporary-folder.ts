import { reachableDataDirectory } from '@sluice/embedded-servers';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone after the test. Others may enter it: a Postgres started by root runs as another user. */
export class TemporaryFolder implements Disposable {
  readonly path: string;

  constructor(name: string) {
    const wanted = join(tmpdir(), 'postgres');
    const parent = reachableDataDirectory(wanted) === wanted ? tmpdir() : '/var/tmp';
    this.path = mkdtempSync(join(parent, `sluice-${name}-`));
    chmodSync(this.path, 0o711);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}
