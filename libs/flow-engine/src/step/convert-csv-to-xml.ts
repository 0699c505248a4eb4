import type { StepWork } from '../compile/compiled-flow.js';
import type { StepCompiler } from '../compile/step-compiler.js';
import { FlowProcessingError, clip } from '@sluice/domain';

import type { CsvToXmlStep } from '../model/step-definition.js';
import { XmlTreeBuilder } from '@sluice/xml';
import { parseCsv, separatorOf } from './read-csv.js';

const NAME = /^[\p{L}_][\p{L}\p{N}._-]*$/u;

/** One element of each record: its name, and the column its value is taken from. */
interface Field {
  readonly name: string;
  readonly column: number;
}

/**
 * Turns each record of a CSV into an element. Its fields are named by the place of their column, or by the name their column
 * has in the first line; then they stand in the order of `fieldNames`, and columns that it does not name are left out.
 */
export function compileCsvToXml(step: CsvToXmlStep, compiler: StepCompiler): StepWork {
  const path = elementPath(step.recordPath, compiler);
  const separator = separatorOf(step.fieldSeparator);
  const byHeader = (step.columns ?? (step.excludeFirstLine ? 'header' : 'position')) === 'header';
  const { recordMarker: marker = '', fieldNames } = step;
  check(step, byHeader, compiler);
  // A marker that no field is named after is no value: fields that go by their place begin behind it.
  const first = marker === '' ? 0 : 1;
  const given = fieldNames.map((name, index): Field => ({ name, column: index + first }));
  const fieldsOf = (header: readonly string[]): readonly Field[] => {
    if (fieldNames.length === 0)
      return header.slice(first).map((name, index) => ({ name: columnName(name), column: index + first }));
    return byHeader ? matchColumns(step, header, first) : given;
  };
  return (run) => {
    const records = parseCsv(run.message.text(), separator);
    const header = step.excludeFirstLine ? records.shift() : [];
    const fields = header === undefined ? [] : fieldsOf(header);
    const columns = byHeader && header !== undefined ? header.length : fieldNames.length + first;
    const builder = new XmlTreeBuilder();
    for (const name of path.slice(0, -1)) builder.startElement(name, '', '');
    const recordName = path.at(-1) as string;
    if (path.length === 1) builder.startElement('root', '', '');
    for (const record of records) {
      if (marker !== '' && record[0] !== marker) continue;
      if (record.length > columns)
        throw new FlowProcessingError(
          'csv-malformed',
          `A line has ${record.length} fields, but only ${columns} are named.`,
        );
      builder.startElement(recordName, '', '');
      for (const { name, column } of fields) {
        const value = record[column];
        if (value === undefined) continue;
        builder.startElement(name, '', '');
        builder.text(value);
        builder.endElement();
      }
      builder.endElement();
    }
    run.message.body = builder.end();
    run.message.headers.set('Content-Type', 'application/xml');
  };
}

/** Reports settings that contradict each other, and names that are none. */
function check(step: CsvToXmlStep, byHeader: boolean, compiler: StepCompiler): void {
  if (byHeader && !step.excludeFirstLine)
    compiler.problem('invalid-value', 'Columns are named by the first line only where it is excluded as a header.', {
      field: 'columns',
      nearest: 'excludeFirstLine: true, or columns: position',
    });
  if (step.fieldNames.length === 0 && !byHeader)
    compiler.problem('invalid-value', 'Columns that go by their position need names.', {
      field: 'fieldNames',
      nearest: 'fieldNames, or excludeFirstLine: true to name them by the first line',
    });
  const seen = new Set<string>();
  for (const name of step.fieldNames) {
    if (!NAME.test(name))
      compiler.problem('invalid-value', `"${clip(name)}" cannot be the name of an XML element.`, {
        field: 'fieldNames',
      });
    if (byHeader && seen.has(name))
      compiler.problem('invalid-value', `The field "${clip(name)}" stands twice, so a column cannot be named by it.`, {
        field: 'fieldNames',
      });
    seen.add(name);
  }
}

/**
 * Finds the column of each field by the header. A field without a column is left out, and so is a column without a field; but a
 * header in which both are is one whose names do not match, and values would be lost.
 * @throws FlowProcessingError `csv-malformed`
 */
function matchColumns(step: CsvToXmlStep, header: readonly string[], first: number): Field[] {
  const columns = new Map<string, number>();
  const known = new Set(step.fieldNames);
  const unknown: string[] = [];
  header.forEach((text, column) => {
    const name = text.trim();
    if (!known.has(name)) {
      if (column >= first && name !== '') unknown.push(name);
      return;
    }
    if (columns.has(name))
      throw new FlowProcessingError('csv-malformed', `The first line names the column "${clip(name)}" twice.`);
    columns.set(name, column);
  });
  const optional = new Set(step.optionalFieldNames);
  const missing = step.fieldNames.filter((name) => !columns.has(name) && !optional.has(name));
  if (columns.size === 0 || (missing.length > 0 && unknown.length > 0))
    throw new FlowProcessingError(
      'csv-malformed',
      `The first line does not name the columns as the fields are named: it lacks "${clip(missing[0] ?? step.fieldNames[0] ?? '')}"` +
        (unknown[0] === undefined ? '.' : `, and names "${clip(unknown[0])}", which is no field.`),
    );
  return step.fieldNames.flatMap((name) => {
    const column = columns.get(name);
    return column === undefined ? [] : [{ name, column }];
  });
}

function columnName(name: string): string {
  const cleaned = name.trim().replace(/[^\p{L}\p{N}._-]/gu, '_');
  const usable = /^[\p{L}_]/u.test(cleaned) ? cleaned : `_${cleaned}`;
  if (!NAME.test(usable))
    throw new FlowProcessingError('csv-malformed', `The column "${clip(name)}" cannot be the name of an XML element.`);
  return usable;
}

function elementPath(path: string, compiler: StepCompiler): string[] {
  const names = path.replace(/^\//, '').split('/');
  if (names.every((name) => NAME.test(name))) return names;
  compiler.problem('invalid-value', `"${path}" is not a path of element names such as /rows/row.`, {
    field: 'recordPath',
  });
  return ['row'];
}
