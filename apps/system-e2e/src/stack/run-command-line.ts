import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program of the command line with this environment alone. @param input what it reads */
export function runCommandLine(
  program: readonly [string, ...string[]],
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  input = '',
): Promise<CommandResult> {
  const [file, ...before] = program;
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...before, ...words], { env: { PATH: process.env['PATH'], ...environment } });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.on('error', reject);
    child.stdin.end(input);
  });
}
