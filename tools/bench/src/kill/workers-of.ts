import { readdirSync, readFileSync } from 'node:fs';

/** @returns the ids of the worker processes that a flow runtime has started. Linux only. */
export function workersOf(runtime: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === runtime && read(`/proc/${pid}/cmdline`).includes('worker.main.js'));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** @returns nothing for a process that has ended meanwhile */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
