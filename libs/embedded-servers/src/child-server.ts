import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

/** A server process of ours: its id, its end, and how to end it. */
export interface ChildServer {
  readonly pid: number;
  /** Settles when the process is gone, whoever ended it. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends the signal, waits for the end, and kills the process when it takes longer than `graceMs`. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export interface StartOptions extends SpawnOptions {
  /** Called for each line the process writes, of both outputs. */
  readonly onLine?: (line: string) => void;
  /** The process is ready when this returns true for a line. */
  readonly readyWhen: (line: string) => boolean;
  readonly readyTimeoutMs?: number;
}

/**
 * Starts a server and waits until it says that it is ready.
 * @throws Error with the last lines of its output when it ends, or says nothing in time
 */
export async function startChildServer(
  command: string,
  args: readonly string[],
  options: StartOptions,
): Promise<ChildServer> {
  const { onLine, readyWhen, readyTimeoutMs = 30_000, ...spawnOptions } = options;
  // In a group of its own: Ctrl-C goes to who started it, and that one ends it in good order.
  const child = spawn(command, args, { ...spawnOptions, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const recent: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) =>
      reject(new Error(`${command} ${why}${recent.length ? `:\n  ${recent.join('\n  ')}` : '.'}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready within ${readyTimeoutMs} ms`);
    }, readyTimeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      fail(`could not be started (${error.message})`);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? `code ${code}`} before it was ready`);
    });
    const read = (line: string) => {
      onLine?.(line);
      recent.push(line);
      if (recent.length > 12) recent.shift();
      if (readyWhen(line)) {
        clearTimeout(timer);
        resolve();
      }
    };
    eachLine(child, read);
  });
  return {
    pid: child.pid as number,
    exited,
    async stop(signal = 'SIGTERM', graceMs = 10_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Calls back for each line of both outputs; the rest after the last line break is given when the stream ends. */
export function eachLine(child: ChildProcess, read: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach((line) => read(line.trimEnd()));
    });
    stream.on('end', () => {
      if (rest) read(rest);
    });
  }
}
