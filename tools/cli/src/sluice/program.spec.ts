import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { Readable } from 'node:stream';
import { Cli } from './cli.js';
import { following } from './nouns/completion.js';
import type { Terminal } from './output/terminal.js';
import { createProgram } from './program.js';

class RecordedTerminal implements Terminal {
  readonly environment = {};
  readonly input = Readable.from([]);
  readonly columns = undefined;
  readonly coloured = false;
  readonly lines: string[] = [];
  readonly beside: string[] = [];
  out(text: string): void {
    this.lines.push(text);
  }
  err(text: string): void {
    this.beside.push(text);
  }
}

function every(command: Command): Command[] {
  return [command, ...command.commands.flatMap(every)];
}

function wordsOf(command: Command): string[] {
  return command.parent ? [...wordsOf(command.parent), command.name()] : [];
}

describe('the grammar of sluice', () => {
  const terminal = new RecordedTerminal();
  const program = createProgram(new Cli(terminal, () => 0));
  const all = every(program).filter((command) => command.name() !== 'complete');

  it('says of every command what it does', () => {
    for (const command of all) expect([wordsOf(command), command.description()]).not.toContain('');
  });

  it.each(all.map((command) => [wordsOf(command).join(' ') || 'sluice', wordsOf(command)] as const))(
    'explains %s and does nothing more, when help is asked for',
    async (_name, words) => {
      const recorded = new RecordedTerminal();
      const cli = new Cli(recorded, () => 0);
      expect(await cli.run(createProgram(cli), [...words, '--help'])).toBe(0);
      expect(recorded.lines.join('\n')).toContain('Usage: sluice');
      expect(recorded.beside).toEqual([]);
    },
  );

  it('completes nouns, verbs and options', () => {
    expect(following(program, [])).toEqual(expect.arrayContaining(['key', 'flow', 'doctor', '--output']));
    expect(following(program, [])).not.toContain('complete');
    expect(following(program, ['key'])).toEqual(expect.arrayContaining(['create', 'rotate', '--context']));
    expect(following(program, ['-o', 'key', 'rotate', 'orders/shop'])).toEqual(
      expect.arrayContaining(['--overlap', '--out']),
    );
  });

  it.each([
    [['role'], 2],
    [['nothing'], 2],
    [['role', 'list', '--limit', '0'], 2],
    [['role', 'list', '-o', 'xml'], 2],
    [['key', 'rotate', 'a/b', '--overlap', 'soon'], 2],
    [['ca', 'revoke', 'some'], 2],
    [['completion', 'tcsh'], 2],
    [['role', 'list'], 2],
  ])('ends %j with code %i', async (words, code) => {
    const recorded = new RecordedTerminal();
    const cli = new Cli(recorded, () => 0);
    expect(await cli.run(createProgram(cli), words)).toBe(code);
    expect(recorded.beside.join('')).not.toBe('');
    expect(recorded.lines).toEqual([]);
  });
});
