import { closeSync, fchmodSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const lineFeed = 10;

/**
 * A log that never ends anything: what cannot be written, because the disk is full for example, is dropped and counted, and
 * the file says how many lines that were once it can be written again. Only its owner reads it.
 */
export class LogFile {
  #file: number | undefined;
  #dropped = 0;
  #cut = false;

  constructor(readonly path: string) {}

  /** Lines dropped since something was last written. */
  get droppedLines(): number {
    return this.#dropped;
  }

  write(text: string | Uint8Array): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    if (bytes.length === 0) return;
    try {
      if (this.#dropped > 0) {
        const note = `${this.#cut ? '\n' : ''}… ${this.#dropped} lines could not be written here\n`;
        if (!this.#append(Buffer.from(note))) return this.#drop(bytes);
        this.#dropped = 0;
      }
      if (!this.#append(bytes)) this.#drop(bytes);
    } catch {
      // Said in the file when there is room again; whoever is logged must not end for its log.
      this.#drop(bytes);
    }
  }

  close(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    closeSync(file);
  }

  /** @returns whether all of it was written */
  #append(bytes: Uint8Array): boolean {
    this.#file ??= this.#open();
    const written = writeSync(this.#file, bytes);
    if (written > 0) this.#cut = bytes[written - 1] !== lineFeed;
    return written === bytes.length;
  }

  #open(): number {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const file = openSync(this.path, 'a', 0o600);
    // One of an earlier version may be readable by others.
    fchmodSync(file, 0o600);
    return file;
  }

  #drop(bytes: Uint8Array): void {
    let lines = 0;
    for (const byte of bytes) if (byte === lineFeed) lines++;
    this.#dropped += Math.max(1, lines);
  }
}
