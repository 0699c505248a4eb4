/** Lines for the person who waits, with the time since the start. Colour where it is seen. */
export class Progress {
  readonly #start = performance.now();
  readonly coloured =
    process.env['NO_COLOR'] === undefined && (process.stdout.isTTY || process.env['FORCE_COLOR'] !== undefined);

  say = (message: string): void => {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1).padStart(5);
    process.stdout.write(`${this.dim(`${seconds} s`)}  ${message}\n`);
  };

  /** The one line that begins with `ready`. */
  ready(message: string): void {
    process.stdout.write(`ready ${message}\n`);
  }

  plain(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  dim(text: string): string {
    return this.coloured ? `\u001b[2m${text}\u001b[22m` : text;
  }

  bold(text: string): string {
    return this.coloured ? `\u001b[1m${text}\u001b[22m` : text;
  }
}
