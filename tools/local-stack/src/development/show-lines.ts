import { styleText } from 'node:util';

type Colour = 'cyan' | 'green' | 'magenta' | 'blue' | 'yellow' | 'white';

const colours: readonly Colour[] = ['cyan', 'green', 'magenta', 'blue', 'yellow', 'white'];
/** What every line has, or is shown in front. */
const known = new Set(['level', 'time', 'service', 'pid', 'msg', 'hostname']);

/**
 * Turns the log of a process into lines for people: time, process, level where it is not `info`, text, the other members. What is no line of the
 * log is shown as it is.
 */
export class ShowLines {
  #rest = '';
  /** A character may be cut on the way, too. */
  readonly #decoder = new TextDecoder();

  /** @param index gives the process its colour @param write takes a whole line */
  constructor(
    private readonly name: string,
    private readonly index: number,
    private readonly write: (line: string) => void,
    private readonly coloured: boolean,
  ) {}

  take(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.write(this.#show(line));
  }

  #show(line: string): string {
    const name = this.#style(colours[this.index % colours.length] as Colour, this.name.padEnd(22));
    let entry: Record<string, unknown>;
    try {
      entry = JSON.parse(line) as Record<string, unknown>;
    } catch {
      return `${' '.repeat(12)} ${name} ${line}`;
    }
    const level = String(entry['level'] ?? 'info');
    const text = String(entry['msg'] ?? '');
    const error = entry['err'] as { stack?: string; message?: string } | undefined;
    const others = Object.entries(entry).filter(([member]) => !known.has(member) && member !== 'err');
    const fields = others.length > 0 ? ` ${this.#style('dim', JSON.stringify(Object.fromEntries(others)))}` : '';
    const said = level === 'warn' ? this.#style('yellow', `warn ${text}`) : text;
    const shown = level === 'error' || level === 'fatal' ? this.#style('red', `${level} ${text}`) : said;
    const stack = error ? `\n${error.stack ?? error.message ?? ''}` : '';
    return `${this.#style('dim', String(entry['time'] ?? '').slice(11, 23))} ${name} ${shown}${fields}${stack}`;
  }

  #style(style: Colour | 'dim' | 'red', text: string): string {
    return this.coloured ? styleText(style, text, { validateStream: false }) : text;
  }
}
