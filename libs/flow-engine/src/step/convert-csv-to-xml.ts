import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';

import type { CsvToXmlStep, XmlToCsvStep } from '../model/step-definition.js';
import { type XmlNode, XmlTreeBuilder } from '@sluice/xml';

const NAME = /^[\p{L}_][\p{L}\p{N}._-]*$/u;
const MAXIMUM_FIELDS = 10_000;

/** Reads CSV (RFC 4180, any separator, any line break) into one element for each record. */
export function compileCsvToXml(step: CsvToXmlStep, compiler: StepCompiler): StepWork {
  const path = elementPath(step.recordPath, compiler);
  const separator = separatorOf(step.fieldSeparator);
  return (run) => {
    const records = parseCsv(run.message.text(), separator);
    const header = step.excludeFirstLine ? records.shift() : undefined;
    const names = step.fieldNames.length > 0 ? step.fieldNames : (header ?? []).map((name) => columnName(name));
    const builder = new XmlTreeBuilder();
    for (const name of path.slice(0, -1)) builder.startElement(name, '', '');
    const recordName = path.at(-1) as string;
    if (path.length === 1) builder.startElement('root', '', '');
    for (const record of records) {
      if (record.length > names.length)
        throw new FlowProcessingError(
          'csv-malformed',
          `A line has ${record.length} fields, but only ${names.length} are named.`,
        );
      builder.startElement(recordName, '', '');
      record.forEach((value, index) => {
        builder.startElement(names[index] as string, '', '');
        builder.text(value);
        builder.endElement();
      });
      builder.endElement();
    }
    run.message.body = builder.end();
    run.message.headers.set('Content-Type', 'application/xml');
  };
}

function columnName(name: string): string {
  const cleaned = name.trim().replace(/[^\p{L}\p{N}._-]/gu, '_');
  const usable = /^[\p{L}_]/u.test(cleaned) ? cleaned : `_${cleaned}`;
  if (!NAME.test(usable))
    throw new FlowProcessingError('csv-malformed', `The column "${clip(name)}" cannot be the name of an XML element.`);
  return usable;
}

/** @throws FlowProcessingError `csv-malformed` */
export function parseCsv(text: string, separator: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let position = 0;
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

/** Writes one line for each record element: its child elements in order, quoted where needed. */
export function compileXmlToCsv(step: XmlToCsvStep, compiler: StepCompiler): StepWork {
  const records = compiler.xpath(step.recordPath, 'recordPath');
  const parents = step.includeParent && step.parentPath !== '' ? compiler.xpath(step.parentPath, 'parentPath') : null;
  const separator = separatorOf(step.fieldSeparator);
  return (run) => {
    const rows = records.toNodes(run).map((node) => fieldsOf(node, step.includeAttributes));
    const [prefix] = parents === null ? [] : parents.toNodes(run);
    const above = prefix === undefined ? new Map<string, string>() : leavesOf(prefix, step.includeAttributes);
    const names = [...new Set([...above.keys(), ...rows.flatMap((row) => [...row.keys()])])];
    const lines = rows.map((row) =>
      names.map((name) => quote(row.get(name) ?? above.get(name) ?? '', separator)).join(separator),
    );
    if (step.includeHeader) lines.unshift(names.map((name) => quote(name, separator)).join(separator));
    run.message.body = lines.map((line) => `${line}\n`).join('');
    run.message.headers.set('Content-Type', 'text/csv');
  };
}

function fieldsOf(record: XmlNode, includeAttributes: boolean): Map<string, string> {
  const fields = new Map<string, string>();
  if (includeAttributes) for (const attribute of record.attributes) fields.set(`@${attribute.name}`, attribute.value);
  for (const child of record.children) {
    if (child.kind !== 'element') continue;
    if (includeAttributes)
      for (const attribute of child.attributes) fields.set(`${child.name}@${attribute.name}`, attribute.value);
    fields.set(child.name, child.text);
  }
  if (fields.size === 0) fields.set(record.name, record.text);
  return fields;
}

/** Child elements without element children: those of a parent that stand beside the records. */
function leavesOf(parent: XmlNode, includeAttributes: boolean): Map<string, string> {
  const fields = fieldsOf(parent, includeAttributes);
  for (const child of parent.children)
    if (child.kind === 'element' && child.firstElement !== null) fields.delete(child.name);
  return fields;
}

function quote(value: string, separator: string): string {
  return value.includes(separator) || /["\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function separatorOf(separator: string): string {
  return separator === '\\t' || separator.toLowerCase() === 'tab' ? '\t' : separator;
}

function elementPath(path: string, compiler: StepCompiler): string[] {
  const names = path.replace(/^\//, '').split('/');
  if (names.every((name) => NAME.test(name))) return names;
  compiler.problem('invalid-value', `"${path}" is not a path of element names such as /rows/row.`, {
    field: 'recordPath',
  });
  return ['row'];
}
