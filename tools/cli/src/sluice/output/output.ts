import { stringify } from 'yaml';
import { CommandFailed, exitCode } from '../exit-code.js';
import { table, type Column } from './table.js';
import { styled, visible, type Style, type Terminal } from './terminal.js';

export const forms = ['table', 'json', 'yaml'] as const;
export type Form = (typeof forms)[number];

/** Puts results out: for people, or whole for programs. */
export class Output {
  constructor(
    readonly terminal: Terminal,
    readonly form: Form,
  ) {}

  /** @param more whether there are more than these @param empty what to do first, when there is nothing */
  list<Item>(
    items: readonly Item[],
    columns: readonly Column<Item>[],
    { more, empty }: { more: boolean; empty: string },
  ): void {
    if (this.form !== 'table') this.#data(items);
    else if (items.length === 0) this.hint(empty);
    else
      for (const line of table(items, columns, { width: this.terminal.columns, coloured: this.terminal.coloured }))
        this.terminal.out(line);
    if (more) this.hint(`There are more than these ${items.length}: --limit shows more of them.`);
  }

  /** One thing with its parts; what is undefined is left out. */
  show(
    item: unknown,
    fields: readonly (readonly [name: string, value: string | number | undefined, style?: Style])[],
  ): void {
    if (this.form !== 'table') return this.#data(item);
    const present = fields.filter(([, value]) => value !== undefined && value !== '');
    const width = Math.max(0, ...present.map(([name]) => name.length));
    for (const [name, value, style] of present) {
      const text = String(value)
        .split('\n')
        .map(visible)
        .join(`\n${' '.repeat(width + 2)}`);
      this.terminal.out(`${this.style('dim', name.padEnd(width))}  ${style ? this.style(style, text) : text}`);
    }
  }

  /** That something was done; programs get the answer in place of the sentence. */
  done(sentence: string, answer: unknown): void {
    if (this.form !== 'table') return this.#data(answer ?? {});
    this.terminal.out(`${this.style('green', '✓')} ${visible(sentence)}`);
  }

  /** A line of the result, for people alone. */
  line(text = ''): void {
    if (this.form === 'table') this.terminal.out(text);
  }

  /** Beside the result, whatever form that has. */
  hint(text: string): void {
    this.terminal.err(this.style('dim', visible(text)));
  }

  warn(text: string): void {
    this.terminal.err(`${this.style('yellow', '!')} ${visible(text)}`);
  }

  style(style: Style, text: string): string {
    return styled(this.terminal.coloured, style, text);
  }

  #data(value: unknown): void {
    this.terminal.out(this.form === 'yaml' ? stringify(value).trimEnd() : JSON.stringify(value, undefined, 2));
  }
}

export function formOf(given: string): Form {
  if ((forms as readonly string[]).includes(given)) return given as Form;
  throw new CommandFailed(`-o must be one of ${forms.join(', ')}.`, exitCode.usage);
}
