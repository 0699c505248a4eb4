import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Files that are made once and then kept: a second provisioning finds them. Each is written whole or not at all. */
export function keepFile(path: string, make: () => string, mode = 0o600): string {
  if (!existsSync(path)) replaceFile(path, make(), mode);
  return readFileSync(path, 'utf8');
}

export function replaceFile(path: string, content: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}`;
  writeFileSync(part, content, { mode });
  chmodSync(part, mode);
  renameSync(part, path);
}
