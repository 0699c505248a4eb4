import { FlowProcessingError } from '@sluice/domain';

const MAXIMUM_FIELDS = 10_000;

/**
 * Splits a text into records (RFC 4180 section 2, any separator, any line break). Blank lines and a byte order mark are left out.
 * @throws FlowProcessingError `csv-malformed`
 */
export function parseCsv(text: string, separator: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let position = text.startsWith('\ufeff') ? 1 : 0;
  const field = (value: string): void => {
    if (record.length >= MAXIMUM_FIELDS)
      throw new FlowProcessingError('csv-malformed', `A line has more than ${MAXIMUM_FIELDS} fields.`);
    record.push(value);
  };
  const finish = (): void => {
    if (record.length > 1 || record[0] !== '') records.push(record);
    record = [];
  };
  while (position < text.length) {
    if (text[position] === '"') {
      const [value, after] = readQuoted(text, position);
      field(value);
      position = after;
      if (
        position < text.length &&
        !text.startsWith(separator, position) &&
        text[position] !== '\n' &&
        text[position] !== '\r'
      )
        throw new FlowProcessingError('csv-malformed', `Text follows a quoted field in line ${records.length + 1}.`);
    } else {
      const end = fieldEnd(text, position, separator);
      field(text.slice(position, end));
      position = end;
    }
    if (text.startsWith(separator, position)) {
      position += separator.length;
      if (position >= text.length) field('');
      continue;
    }
    if (text[position] === '\r') position++;
    if (text[position] === '\n') position++;
    finish();
  }
  if (record.length > 0) finish();
  return records;
}

function fieldEnd(text: string, start: number, separator: string): number {
  let position = start;
  while (
    position < text.length &&
    text[position] !== '\n' &&
    text[position] !== '\r' &&
    !text.startsWith(separator, position)
  )
    position++;
  return position;
}

function readQuoted(text: string, start: number): [value: string, after: number] {
  let value = '';
  for (let position = start + 1; ;) {
    const end = text.indexOf('"', position);
    if (end < 0) throw new FlowProcessingError('csv-malformed', 'A quoted field has no end.');
    value += text.slice(position, end);
    if (text[end + 1] !== '"') return [value, end + 1];
    value += '"';
    position = end + 2;
  }
}

/** @returns the separator as it stands in the text; `tab` and `\t` are a tabulator */
export function separatorOf(separator: string): string {
  return separator === '\\t' || separator.toLowerCase() === 'tab' ? '\t' : separator;
}
