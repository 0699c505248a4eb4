import { readFileSync } from 'node:fs';
import { CommandFailed, exitCode } from './exit-code.js';

/** @param file `-` is the standard input @throws CommandFailed when it cannot be read */
export function readBytes(file: string): Buffer<ArrayBuffer> {
  try {
    return Buffer.from(readFileSync(file === '-' ? 0 : file));
  } catch (error) {
    throw new CommandFailed(`${file} cannot be read: ${(error as Error).message}`, exitCode.usage);
  }
}

export function readText(file: string): string {
  return readBytes(file).toString('utf8');
}
