import type { Readable } from 'node:stream';

/** Where a program writes; a test has its own. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: Readable & { readonly isTTY?: boolean };
  out(text: string): void;
  /** For what goes beside the result: progress, hints, errors. */
  err(text: string): void;
  /** Whether people look at what is put out, and how wide it is. */
  readonly columns: number | undefined;
  readonly coloured: boolean;
}

/** Colours for a terminal with them; NO_COLOR turns them off, FORCE_COLOR on. */
export function processTerminal(): Terminal {
  const { env, stdout, stderr, stdin } = process;
  return {
    environment: env,
    input: stdin,
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    columns: stdout.isTTY ? stdout.columns : undefined,
    coloured: !env['NO_COLOR'] && (stdout.isTTY || Boolean(env['FORCE_COLOR'])),
  };
}

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;
export type Style = keyof typeof codes;

export function styled(coloured: boolean, style: Style, text: string): string {
  if (!coloured || text === '') return text;
  const [on, off] = codes[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

/** What senders and other people chose may hold control characters that a terminal would obey. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
