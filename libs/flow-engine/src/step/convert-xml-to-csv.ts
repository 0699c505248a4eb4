import type { StepWork } from '../compile/compiled-flow.js';
import { FlowProcessingError } from '@sluice/domain';
import type { StepCompiler } from '../compile/step-compiler.js';
import type { XmlToCsvStep } from '../model/step-definition.js';
import type { XmlNode } from '@sluice/xml';
import { separatorOf } from './read-csv.js';

/** Most fields of all lines together: records that have few names in common would make of a small body a very large one. */
const MAXIMUM_FIELDS = 5_000_000;

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
    if (rows.length * names.length > MAXIMUM_FIELDS)
      throw new FlowProcessingError(
        'limit-exceeded',
        `The CSV would have ${rows.length} lines of ${names.length} fields, more than ${MAXIMUM_FIELDS} in all.`,
      );
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
