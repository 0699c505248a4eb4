import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from './log-file.js';

const root = process.getuid?.() === 0;
const withDisk = root ? describe : describe.skip;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'sluice-log-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a log of the local stack', () => {
  it('is read by its owner only, also one that others could read before', () => {
    const path = join(folder, 'logs', 'a.log');
    const log = new LogFile(path);
    log.write('one\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'logs')).mode & 0o777).toBe(0o700);
    log.close();
    chmodSync(path, 0o644);
    const again = new LogFile(path);
    again.write('two\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    again.close();
  });

  it('drops and counts what cannot be written, and goes on', () => {
    const log = new LogFile('/dev/full');
    for (let line = 0; line < 3; line++) expect(() => log.write('a\nb\n')).not.toThrow();
    expect(log.droppedLines).toBe(6);
    log.close();
  });

  it('goes on when its file cannot be opened', () => {
    const blocked = join(folder, 'no-folder');
    writeFileSync(blocked, '');
    const log = new LogFile(join(blocked, 'a.log'));
    log.write('a\n');
    expect(log.droppedLines).toBe(1);
    log.close();
  });
});

withDisk(`on a disk that is full and has room again${root ? '' : ' (skipped: only root may mount one)'}`, () => {
  beforeEach(() => void execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]));
  afterEach(() => void execFileSync('umount', [folder]));

  it('says how many lines are missing, and begins each line anew', () => {
    const path = join(folder, 'a.log');
    const log = new LogFile(path);
    log.write('first\n');
    const filler = join(folder, 'filler');
    writeFileSync(filler, Buffer.alloc(48 * 1024));
    for (let line = 0; line < 2_000; line++) log.write(`line ${line} ${'x'.repeat(40)}\n`);
    const { droppedLines } = log;
    expect(droppedLines).toBeGreaterThan(1_000);
    rmSync(filler);
    log.write('last\n');
    expect(log.droppedLines).toBe(0);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines[0]).toBe('first');
    expect(lines.slice(-3)).toEqual([`… ${droppedLines} lines could not be written here`, 'last', '']);
    log.close();
  });
});
