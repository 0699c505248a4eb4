import { existsSync, readFileSync, rmSync } from 'node:fs';

/**
 * For tests of what a crash leaves behind: tells of each step of a change, and at the one that the file names this
 * process sends itself a signal. The file holds `<step> <signal>`; it is removed first, so that it happens once. A process
 * without FAULT_FILE has no such function, and its steps are told to nobody.
 */
export function injectFaults(file: string): (step: string) => void {
  return (step) => {
    if (!existsSync(file)) return;
    const [wanted, signal] = readFileSync(file, 'utf8').trim().split(' ');
    if (wanted !== step) return;
    rmSync(file);
    process.kill(process.pid, signal as NodeJS.Signals);
  };
}
