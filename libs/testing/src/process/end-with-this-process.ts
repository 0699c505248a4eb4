import { spawn } from 'node:child_process';

export interface Watch {
  /** The process has ended in good order: nothing is left to watch. */
  dismiss(): void;
}

/** Reads until this process is gone, however it went, then ends the watched one, waits for it, and removes its folder. */
const script = `
cat > /dev/null
kill -s "$1" "$2" 2> /dev/null
while kill -0 "$2" 2> /dev/null; do sleep 0.2; done
rm -rf "$3"
`;

/**
 * Ends another process and removes its folder when this one is gone, also by SIGKILL or Ctrl-C: servers of tests run in
 * process groups of their own and would live on.
 */
export function endWithThisProcess(pid: number, folder: string, signal: 'TERM' | 'INT' | 'KILL' = 'KILL'): Watch {
  const child = spawn('sh', ['-c', script, 'sh', signal, String(pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.unref();
  (child.stdin as unknown as { unref?: () => void }).unref?.();
  // The shell may be gone when its input is closed.
  child.stdin.on('error', () => undefined);
  return {
    dismiss: () => {
      child.kill('SIGKILL');
      child.stdin.destroy();
    },
  };
}
