import { endWithThisProcess, TemporaryFolder } from '@sluice/testing';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { announcedRefusals, type CommandBlock, type Page } from './command-blocks.js';

/** What running a page brought. */
export interface PageOutcome {
  /** 0 when every command succeeded, else that of the first that did not. */
  readonly code: number | null;
  /** Everything it said, with a line at the beginning of each block. */
  readonly text: string;
  /** Blocks in which another refusal came than is announced, or none where one is. */
  readonly surprises: readonly { readonly line: number; readonly announced: number[]; readonly answered: number[] }[];
  /** Blocks that were begun. */
  readonly begun: readonly number[];
}

/**
 * Runs the blocks of a page in one shell and in order, as somebody does who pastes them. The shell ends with the first command that
 * fails, in a pipe too. What curl was answered is compared with what the comments announce.
 * @param folder where the commands are pasted; `PATH` has its `node_modules/.bin` first
 */
export function runPage(page: Page, folder: string): Promise<PageOutcome> {
  const run = page.blocks.filter(({ notRun }) => notRun === undefined);
  // A file, and no input: a command that reads its input would swallow those behind it.
  const scripts = new TemporaryFolder('docs');
  const script = join(scripts.path, 'page.sh');
  writeFileSync(script, scriptOf(page, run));
  const child = spawn('bash', ['--noprofile', '--norc', script], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${folder}/node_modules/.bin:${process.env['PATH']}`,
      HOME: process.env['HOME'],
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      npm_config_update_notifier: 'false',
    },
  });
  const watch = child.pid === undefined ? undefined : endWithThisProcess(child.pid, scripts.path);
  let text = '';
  // What a block answers may come before what says that it began, which goes another way.
  let marked = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    marked += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      watch?.dismiss();
      scripts.remove();
      const parts = marked.split(/^@@block (\d+)\n/m);
      const said = new Map(run.map(({ line }) => [line, parts[parts.indexOf(String(line)) + 1] ?? '']));
      const begun = run.map(({ line }) => line).filter((line) => parts.includes(String(line)));
      resolve({ code, text, begun, surprises: run.flatMap((block) => surpriseIn(block, said.get(block.line) ?? '')) });
    });
  });
}

function surpriseIn(block: CommandBlock, said: string): PageOutcome['surprises'] {
  const answered = [...said.matchAll(/@@status (\d+)/g)].map(([, status]) => Number(status));
  const refusals = answered.filter((status) => status >= 400 || status === 0);
  const announced = announcedRefusals(block);
  return refusals.join() === announced.join() ? [] : [{ line: block.line, announced, answered: refusals }];
}

/** Each command has the line it has in the page, so what bash says of a line is right. */
function scriptOf(page: Page, blocks: readonly CommandBlock[]): string {
  const lines = Array.from({ length: page.lineCount }, () => '');
  for (const { line, commands } of blocks) {
    lines[line - 1] = String.raw`printf '\n@@block ${line}\n' >&2`;
    for (const [index, command] of commands.entries()) lines[line + index] = command;
  }
  const before = [
    'set -eEuo pipefail',
    String.raw`trap 'code=$?; printf "%s:%s ended with %s: %s\n" '${page.path}' "$LINENO" "$code" "$BASH_COMMAND" >&2' ERR`,
    String.raw`curl() { command curl -w '%{stderr}\n@@status %{http_code}\n' "$@"; }`,
  ].join('; ');
  return `${before}; ${lines.join('\n')}\n`;
}
