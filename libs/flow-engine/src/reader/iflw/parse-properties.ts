const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Parses a Java properties file: comments, continued lines, `=`, `:` or a blank as separator, `\uXXXX` and other escapes. */
export function parseProperties(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of logicalLines(text)) {
    let position = 0;
    while (position < line.length && !/[=:\s]/.test(line[position] as string))
      position += line[position] === '\\' ? 2 : 1;
    const key = unescape(line.slice(0, position));
    const value = line.slice(position).replace(/^\s*[=:]?\s*/, '');
    entries.set(key, unescape(value));
  }
  return entries;
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open: string | null = null;
  for (const raw of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    const line = raw.replace(/^[ \t\f]+/, '');
    if (open === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const joined: string = (open ?? '') + line;
    const trailing = /\\*$/.exec(joined)?.[0].length ?? 0;
    if (trailing % 2 === 1) open = joined.slice(0, -1);
    else {
      lines.push(joined);
      open = null;
    }
  }
  if (open !== null) lines.push(open);
  return lines;
}

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, code: string | undefined, other: string | undefined) =>
    code !== undefined
      ? String.fromCharCode(Number.parseInt(code, 16))
      : (ESCAPES[other as string] ?? (other as string)),
  );
}
