import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CommandFailed, exitCode } from '../exit-code.js';

/** Files are named, not copied: certificates are renewed. */
const context = z.strictObject({
  url: z.string(),
  token: z.string().optional(),
  ca: z.string().optional(),
  certificate: z.string().optional(),
  key: z.string().optional(),
});
const file = z.strictObject({ current: z.string().optional(), contexts: z.record(z.string(), context) });

/** An installation, and what its administrator is known by: a token, or a certificate. Paths are absolute. */
export type Context = z.infer<typeof context>;
type ContextFile = z.infer<typeof file>;

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The installations that somebody logged in to, in one file that is theirs alone (mode 0600). */
export class Contexts {
  constructor(private readonly path: string) {}

  /** @throws CommandFailed for a file that is not one of these */
  all(): ContextFile {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} };
      throw new CommandFailed(`${this.path} cannot be read: ${(error as Error).message}`);
    }
    const read = file.safeParse(parsed(text));
    if (read.success) return read.data;
    throw new CommandFailed(`${this.path} is no file of contexts: remove it, and log in again with sluice login.`);
  }

  /** @returns undefined when nobody logged in, and none is named @throws CommandFailed when the one that is named is not there */
  find(name?: string): Context | undefined {
    const { current, contexts } = this.all();
    const wanted = name ?? current;
    if (wanted === undefined) return undefined;
    const found = Object.hasOwn(contexts, wanted) ? contexts[wanted] : undefined;
    if (found) return found;
    throw new CommandFailed(
      `There is no context ${wanted}: sluice context list shows those there are.`,
      exitCode.notFound,
    );
  }

  /** Keeps one under a name, and makes it the current one. */
  save(name: string, given: Context): void {
    if (!namePattern.test(name))
      throw new CommandFailed(
        'The name of a context must be 1 to 64 of the characters A-Z a-z 0-9 . _ - and begin with a letter or digit.',
        exitCode.usage,
      );
    const { contexts } = this.all();
    this.#write({ current: name, contexts: { ...contexts, [name]: given } });
  }

  use(name: string): void {
    this.find(name);
    this.#write({ ...this.all(), current: name });
  }

  remove(name: string): void {
    this.find(name);
    const { current, contexts } = this.all();
    const { [name]: _removed, ...rest } = contexts;
    this.#write({ ...(current === undefined || current === name ? {} : { current }), contexts: rest });
  }

  /** Beside it first, so that a full disk loses nothing; never readable by others. */
  #write(content: ContextFile): void {
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const beside = `${this.path}.${process.pid}`;
    try {
      const handle = openSync(beside, 'wx', 0o600);
      try {
        writeSync(handle, `${JSON.stringify(content, undefined, 2)}\n`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(beside, this.path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw new CommandFailed(`${this.path} cannot be written: ${(error as Error).message}`);
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
