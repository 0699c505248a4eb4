import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..', '..');

export interface CommandOutcome {
  readonly code: number | null;
  /** What it said, errors too. */
  readonly text: string;
}

/** `npm run admin -- …` on the stack of a home folder. */
export const runAdminCommand = runner('admin');
/** `npm run sluice -- …` likewise. */
export const runSluice = runner('sluice');

function runner(program: 'admin' | 'sluice') {
  return (
    home: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CommandOutcome> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(root, 'tools', 'cli', 'dist', program, 'main.js'), ...args], {
        env: {
          PATH: process.env['PATH'],
          SLUICE_HOME: home,
          SLUICE_CONFIG: '/nonexistent/contexts.json',
          NO_COLOR: '1',
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, text }));
    });
}
