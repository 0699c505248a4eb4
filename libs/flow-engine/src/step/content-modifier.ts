import type { StepCompiler } from '../compile/step-compiler.js';
import type { StepWork } from '../compile/compiled-flow.js';
import { convertToDataType, valueToText } from '../expression/convert-value.js';
import type { CompiledExpression } from '../expression/expression-context.js';
import type { MessageBody } from '../message/message.js';
import type { Assignment, ContentModifierStep } from '../model/step-definition.js';
import { type Awaitable, andThen, isPromise } from '../run/awaitable.js';
import type { FlowRun } from '../run/flow-run.js';
import { XmlNode } from '@sluice/xml';

type ValueReader = (run: FlowRun) => Awaitable<unknown>;
type Change = (run: FlowRun) => Awaitable<void>;

/** Sets and deletes headers, then properties, then sets the body. Rows see what rows above them have set. */
export function compileContentModifier(step: ContentModifierStep, compiler: StepCompiler): StepWork {
  const changes: Change[] = [
    ...step.headers.map((row, index) => compileRow(row, 'header', `headers[${index}]`, compiler)),
    ...step.properties.map((row, index) => compileRow(row, 'property', `properties[${index}]`, compiler)),
  ];
  const body = step.body;
  if (body !== undefined) {
    const read: CompiledExpression =
      body.source === 'constant' ? () => body.value : compiler.simple(body.value, 'body');
    changes.push((run) => {
      run.message.body = bodyOf(read(run));
    });
  }
  return (run) => applyChanges(changes, run, 0);
}

function applyChanges(changes: readonly Change[], run: FlowRun, from: number): Awaitable<void> {
  for (let index = from; index < changes.length; index++) {
    const pending = (changes[index] as Change)(run);
    if (isPromise(pending)) return pending.then(() => applyChanges(changes, run, index + 1));
  }
}

function bodyOf(value: unknown): MessageBody {
  if (
    value === null ||
    value === undefined ||
    typeof value === 'string' ||
    value instanceof Uint8Array ||
    value instanceof XmlNode
  )
    return value ?? '';
  return valueToText(value);
}

function compileRow(row: Assignment, target: 'header' | 'property', field: string, compiler: StepCompiler): Change {
  if (row.name === '') compiler.problem('invalid-value', `A ${target} needs a name.`, { field });
  if (row.action === 'delete') return compileDeletion(row.name, target);
  const read = compileValue(row, field, compiler);
  const set =
    target === 'header'
      ? (run: FlowRun, value: unknown): void => run.message.headers.set(row.name, value)
      : (run: FlowRun, value: unknown): void => void run.message.properties.set(row.name, value);
  return (run) => andThen(read(run), (value) => set(run, value));
}

/** `*` at the end of a name deletes all that begin with what stands before it. */
function compileDeletion(name: string, target: 'header' | 'property'): Change {
  if (!name.endsWith('*'))
    return (run) => void (target === 'header' ? run.message.headers.delete(name) : run.message.properties.delete(name));
  const prefix = name.slice(0, -1);
  return (run) => {
    const table = target === 'header' ? run.message.headers : run.message.properties;
    const fold = (text: string): string => (target === 'header' ? text.toLowerCase() : text);
    for (const [key] of [...table]) if (fold(key).startsWith(fold(prefix))) table.delete(key);
  };
}

/** Compiles where a row's value comes from, with its type and default. */
export function compileValue(
  row: Pick<Assignment, 'source' | 'value' | 'dataType' | 'defaultValue'>,
  field: string,
  compiler: StepCompiler,
): ValueReader {
  const read = compileSource(row, field, compiler);
  const { dataType, defaultValue } = row;
  if (dataType === '' && defaultValue === '') return read;
  const finish = (value: unknown): unknown => {
    const present = value === null || value === undefined || value === '' ? defaultValue || value : value;
    return convertToDataType(present, dataType);
  };
  return (run) => andThen(read(run), finish);
}

function compileSource(
  row: Pick<Assignment, 'source' | 'value' | 'dataType'>,
  field: string,
  compiler: StepCompiler,
): ValueReader {
  const { source, value } = row;
  switch (source) {
    case 'constant':
      return () => value;
    case 'header':
      return (run) => run.message.headers.get(value) ?? null;
    case 'property':
      return (run) => run.message.properties.get(value) ?? null;
    case 'expression':
      return compiler.simple(value, field);
    case 'xpath': {
      const xpath = compiler.xpath(value, field);
      if (/NodeList$/i.test(row.dataType)) return (run) => xpath.toNodes(run);
      if (/(^|\.)(Node|Document|Element)$/i.test(row.dataType)) return (run) => xpath.toNodes(run)[0] ?? null;
      if (/boolean$/i.test(row.dataType)) return (run) => xpath.toBoolean(run);
      return (run) => xpath.toText(run);
    }
    case 'localVariable':
    case 'globalVariable': {
      const scope = source === 'localVariable' ? 'local' : 'global';
      const name = compiler.simple(value, field);
      return (run) =>
        andThen(run.scope.port('variables', 'variables').get(valueToText(name(run)), scope), (found) => found ?? null);
    }
    case 'numberRange':
      return (run) => {
        const port = run.scope.port('variables', 'number ranges');
        return port.nextNumber === undefined
          ? run.scope.port('variables', 'number ranges').get(value, 'global')
          : port.nextNumber(value);
      };
  }
}
