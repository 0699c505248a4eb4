import type { Assignment, StepDefinition, ValueSource } from '../../model/step-definition.js';
import type { IflwContext, IflwElement } from './iflw-element.js';
import type { StepBase } from './step-conversion.js';

/** The tables of headers and properties, and the body. */
export function contentModifier(element: IflwElement, base: StepBase, context: IflwContext): StepDefinition {
  const body = element.get('wrapContent');
  return {
    ...base,
    type: 'contentModifier',
    headers: [...assignments(element, 'headerTable', context), ...oldAssignments(element, /^HEADER_\d+$/i, context)],
    properties: [
      ...assignments(element, 'propertyTable', context),
      ...oldAssignments(element, /^property_\d+$/i, context),
    ],
    ...(body === ''
      ? {}
      : {
          body: {
            source: element.get('bodyType') === 'constant' ? ('constant' as const) : ('expression' as const),
            value: body,
          },
        }),
  };
}

/** The table of variables. */
export function variables(element: IflwElement, base: StepBase): StepDefinition {
  return {
    ...base,
    type: 'writeVariables',
    expirationDays: element.integer('expire', 400, 1),
    variables: element.table('variable').map((row) => ({
      name: row.get('Name') ?? '',
      scope: /^(true|1|global)$/i.test(row.get('Global') ?? row.get('Scope') ?? row.get('GlobalScope') ?? '')
        ? 'global'
        : 'local',
      source: SOURCES[(row.get('Type') ?? '').trim().toLowerCase()] ?? 'constant',
      value: row.get('Value') ?? '',
      dataType: row.get('Datatype') ?? '',
    })),
  };
}

const SOURCES: Readonly<Record<string, ValueSource>> = {
  constant: 'constant',
  header: 'header',
  property: 'property',
  expression: 'expression',
  xpath: 'xpath',
  'local persisted variables': 'localVariable',
  'global persisted variables': 'globalVariable',
  'local variable': 'localVariable',
  'global variable': 'globalVariable',
  numberrange: 'numberRange',
};

function sourceOf(type: string, element: IflwElement, context: IflwContext): ValueSource {
  const source = SOURCES[type.trim().toLowerCase()];
  if (source !== undefined) return source;
  if (type !== '')
    context.problem(
      'unsupported-setting',
      element,
      `Values of type "${type}" are not offered.`,
      'constant, header, property, expression, xpath or a variable',
    );
  return 'constant';
}

function assignments(element: IflwElement, key: string, context: IflwContext): Assignment[] {
  return element.table(key).map((row) => ({
    action: /^delete$/i.test(row.get('Action') ?? '') ? 'delete' : 'create',
    name: row.get('Name') ?? '',
    source: sourceOf(row.get('Type') ?? '', element, context),
    value: row.get('Value') ?? '',
    dataType: row.get('Datatype') ?? '',
    defaultValue: row.get('Default') ?? '',
  }));
}

/** Very old steps: `Name:=:x:;Type:=:constant:;Datatype:=::;Value:=:y:;` in HEADER_1, property_1 … */
function oldAssignments(element: IflwElement, pattern: RegExp, context: IflwContext): Assignment[] {
  const keys = [...element.keys()].filter((key) => pattern.test(key));
  return keys.map((key) => {
    const fields = new Map<string, string>();
    for (const part of element.get(key).split(':;')) {
      const at = part.indexOf(':=:');
      if (at > 0) fields.set(part.slice(0, at).trim(), part.slice(at + 3));
    }
    return {
      action: 'create',
      name: fields.get('Name') ?? '',
      source: sourceOf(fields.get('Type') ?? '', element, context),
      value: fields.get('Value') ?? '',
      dataType: fields.get('Datatype') ?? '',
      defaultValue: fields.get('Default') ?? '',
    };
  });
}
