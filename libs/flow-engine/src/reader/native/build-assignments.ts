import type { Assignment, ValueSource } from '../../model/step-definition.js';
import type { NativeAssignment } from './flow-format.js';
import type { ReportProblem } from './report-problem.js';

const SOURCES = [
  'constant',
  'expression',
  'header',
  'property',
  'xpath',
  'localVariable',
  'globalVariable',
  'numberRange',
] as const satisfies readonly ValueSource[];

/** @returns the rows of a table of headers, properties or variables; a row that says no one thing is reported */
export function buildAssignments(
  table: Readonly<Record<string, NativeAssignment>> | undefined,
  path: string,
  line: number | undefined,
  report: ReportProblem,
): readonly Assignment[] {
  return Object.entries(table ?? {}).map(([name, value]) => {
    if (typeof value === 'string')
      return { action: 'create', name, source: 'expression', value, dataType: '', defaultValue: '' };
    const sources = SOURCES.filter((source) => value[source] !== undefined);
    const [source] = sources;
    if (value.delete === true) {
      if (sources.length > 0) report(`${path}.${name}`, 'delete excludes a value.', line);
      return { action: 'delete', name, source: 'constant', value: '', dataType: '', defaultValue: '' };
    }
    if (sources.length !== 1) report(`${path}.${name}`, `Exactly one of ${SOURCES.join(', ')} is expected.`, line);
    return {
      action: 'create',
      name,
      source: source ?? 'constant',
      value: source === undefined ? '' : (value[source] ?? ''),
      dataType: value.type ?? '',
      defaultValue: value.default ?? '',
    };
  });
}
