import type { Assignment, GatherStrategy, StepDefinition, ValueSource } from '../../model/step-definition.js';
import type { IflwContext, IflwElement, IflwRow } from './iflw-element.js';
import type { ArtifactFiles } from './artifact-files.js';
import { refusalOf } from './unsupported-catalog.js';

/** What a step's conversion may look at. */
export interface StepConversion {
  readonly context: IflwContext;
  readonly files: ArtifactFiles;
  /** Id of the receiver channel that starts at the element, if there is one. */
  receiverOf(elementId: string): string | undefined;
}

type Base = { readonly id: string; readonly name: string; readonly next?: string };

/** @returns the step of an activity, or null after reporting why there is none */
export function convertActivity(
  element: IflwElement,
  next: string | undefined,
  conversion: StepConversion,
): StepDefinition | null {
  const { context } = conversion;
  const base: Base = { id: element.id, name: element.name || element.id, ...(next === undefined ? {} : { next }) };
  const activity = element.get('activityType');
  const sub = element.get('subActivityType');
  switch (activity) {
    case 'Enricher':
      return contentModifier(element, base, context);
    case 'Filter':
      return {
        ...base,
        type: 'filter',
        xpath: element.get('wrapContent') || element.get('xpath'),
        resultType: filterType(element, context),
      };
    case 'Splitter':
      return splitter(element, base, context);
    case 'Gather':
      return gather(element, base, context);
    case 'ExternalCall':
    case 'Send': {
      const receiver = conversion.receiverOf(element.id);
      if (receiver === undefined) {
        context.problem('unresolved-reference', element, 'The step has no receiver channel.');
        return null;
      }
      return { ...base, type: activity === 'Send' ? 'send' : 'requestReply', receiver };
    }
    case 'ProcessCallElement':
      return processCall(element, base, sub, context);
    case 'DBstorage':
      return dataStore(element, base, context);
    case 'JsonToXmlConverter':
      return {
        ...base,
        type: 'jsonToXml',
        addRootElement: element.flag('addXMLRootElement', true),
        rootElementName: element.get('additionalRootElementName') || 'root',
        rootElementNamespace: element.get('additionalRootElementNamespace'),
        useNamespaces: element.flag('useNamespaces'),
        namespaceSeparator: element.get('jsonNamespaceSeparator') || ':',
        namespaces: namespaceTable(element),
      };
    case 'XmlToJsonConverter':
      return {
        ...base,
        type: 'xmlToJson',
        suppressRootElement: element.flag('xmlJsonSuppressRootElement'),
        useNamespaces: element.flag('useNamespaces'),
        namespaceSeparator: element.get('jsonNamespaceSeparator') || ':',
        namespaces: namespaceTable(element),
        arrays: arrayPaths(element),
        streaming: element.flag('xmlJsonUseStreaming'),
      };
    case 'CsvToXmlConverter':
      return csvToXml(element, base, conversion);
    case 'XmlToCsvConverter':
      return {
        ...base,
        type: 'xmlToCsv',
        recordPath: element.get('XPath_Field_Location'),
        fieldSeparator: element.get('Field_Separator_in_CSV') || ',',
        includeHeader: !['', 'none'].includes(element.get('CSV_Header').toLowerCase()),
        includeParent: element.flag('Include_Master'),
        parentPath: element.get('XPath_Master_Location'),
        includeAttributes: element.flag('Include_Attribute'),
      };
    case 'Mapping':
      if (sub === 'XSLTMapping' || element.get('mappingType') === 'XSLTMapping') return xslt(element, base, conversion);
      break;
    case 'XmlValidator':
    case 'JsonValidator':
      return validator(element, base, activity, conversion);
    case 'Encoder':
    case 'Decoder':
      return codec(element, base, activity, context);
    case 'Variables':
      return variables(element, base);
    case 'Persist':
      return {
        ...base,
        type: 'persist',
        storeId: element.get('messageStoreId') || element.id,
        encrypt: element.flag('encrypt', true),
      };
    case 'XmlModifier':
      if (!['', 'none'].includes(element.get('xmlCharacterHandling')))
        context.problem(
          'unsupported-setting',
          element,
          'Characters that XML forbids are not replaced.',
          'xmlCharacterHandling none',
        );
      return {
        ...base,
        type: 'xmlModifier',
        removeXmlDeclaration: element.flag('removeXmlDeclaration'),
        removeExternalDtd: element.flag('removeExternalDTDs'),
      };
    case 'Script':
      return script(element, base, sub, conversion);
    default:
  }
  const refusal = refusalOf(activity, sub);
  context.problem(
    'unsupported-step',
    element,
    `${activity || element.tag}${sub === '' ? '' : `/${sub}`}: ${refusal.why}`,
    refusal.nearest,
  );
  return null;
}

function contentModifier(element: IflwElement, base: Base, context: IflwContext): StepDefinition {
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

function filterType(
  element: IflwElement,
  context: IflwContext,
): 'Node' | 'Nodelist' | 'String' | 'Integer' | 'Number' | 'Boolean' {
  const type = element.get('xpathType') || 'Nodelist';
  const known = (['Node', 'Nodelist', 'String', 'Integer', 'Number', 'Boolean'] as const).find(
    (name) => name.toLowerCase() === type.toLowerCase(),
  );
  if (known === undefined)
    context.problem('unsupported-setting', element, `The result type "${type}" is not offered.`, 'Nodelist');
  return known ?? 'Nodelist';
}

function splitter(element: IflwElement, base: Base, context: IflwContext): StepDefinition | null {
  const kind = element.get('splitType');
  if (kind !== 'GeneralSplitter' && kind !== 'IteratingSplitter') {
    context.problem(
      'unsupported-step',
      element,
      `The splitter "${kind}" is not offered.`,
      'a general or iterating splitter',
    );
    return null;
  }
  const type = element.get('exprType').toLowerCase().replace(/\s/g, '');
  const expression =
    type === 'xpath'
      ? ({ type: 'xpath', value: element.get('splitExprValue') || element.get('tokenValue') } as const)
      : type === 'linebreak'
        ? ({ type: 'lineBreak' } as const)
        : type === 'token'
          ? ({ type: 'token', value: element.get('tokenValue') || element.get('splitExprValue') } as const)
          : null;
  if (expression === null) {
    context.problem(
      'unsupported-setting',
      element,
      `The split expression "${element.get('exprType')}" is not offered.`,
      'XPath, Token or Line Break',
    );
    return null;
  }
  if (expression.type !== 'lineBreak' && expression.value === '')
    context.problem('missing-key', element, 'The splitter has no expression.');
  return {
    ...base,
    type: 'splitter',
    splitType: kind === 'GeneralSplitter' ? 'general' : 'iterating',
    expression,
    groupSize: element.integer('grouping', 1, 1),
    parallel: element.flag('ParallelProcessing'),
    concurrency: Math.min(element.integer('SplitterThreads', 10, 1), 50),
    stopOnException: element.flag('StopOnExecution', true),
  };
}

function gather(element: IflwElement, base: Base, context: IflwContext): StepDefinition {
  const format = element.get('messageType');
  const algorithm = element.get('aggregationAlgorithm').toLowerCase();
  const messageFormat = /plain/i.test(format) ? 'plainText' : /different/i.test(format) ? 'differentXml' : 'sameXml';
  let strategy: GatherStrategy = { type: messageFormat === 'plainText' ? 'concatenate' : 'combine' };
  if (algorithm.includes('xpath'))
    strategy = { type: 'combineAtXPath', source: element.get('sourceXPath'), target: element.get('targetXPath') };
  else if (algorithm.includes('concat')) strategy = { type: 'concatenate' };
  else if (algorithm !== '' && !algorithm.includes('multi-mapping') && !algorithm.includes('plain'))
    context.problem(
      'unsupported-setting',
      element,
      `The aggregation "${algorithm}" is not offered.`,
      'combine, combine at XPath or concatenate',
    );
  return { ...base, type: 'gather', messageFormat, strategy };
}

function processCall(element: IflwElement, base: Base, sub: string, context: IflwContext): StepDefinition | null {
  const process = element.get('processId');
  if (sub !== 'LoopingProcess') return { ...base, type: 'processCall', process };
  const [loop] = element.children('standardLoopCharacteristics');
  const expression = (
    loop?.children.find((child) => child.name === 'loopCondition')?.text ?? element.get('loopCondition')
  ).trim();
  if (expression === '') {
    context.problem('missing-key', element, 'The looping process call has no condition.');
    return null;
  }
  const maximum = Number(loop?.attribute('loopMaximum') ?? '999');
  const resolved = context.resolve(expression, element);
  return {
    ...base,
    type: 'processCall',
    process,
    loop: {
      condition: { language: resolved.includes('${') ? 'simple' : 'xpath', expression: resolved },
      maximumIterations: Number.isInteger(maximum) && maximum > 0 ? Math.min(maximum, 99_999) : 999,
    },
  };
}

function dataStore(element: IflwElement, base: Base, context: IflwContext): StepDefinition | null {
  const common = {
    ...base,
    store: element.get('storageName'),
    visibility: /^global$/i.test(element.get('visibility')) ? ('global' as const) : ('local' as const),
  };
  if (common.store === '') context.problem('missing-key', element, 'The data store has no name.');
  const operation = element.get('operation').toLowerCase();
  switch (operation) {
    case 'put':
    case 'write':
      return {
        ...common,
        type: 'dataStoreWrite',
        entryId: element.get('messageId'),
        overwrite: element.flag('override'),
        includeHeaders: element.flag('includeMessageHeaders'),
        encrypt: element.flag('encrypt', true),
        expirationDays: element.integer('expire', 30, 1),
      };
    case 'get':
      return {
        ...common,
        type: 'dataStoreGet',
        entryId: element.get('messageId'),
        deleteOnCompletion: element.flag('delete'),
        throwOnMissing: element.flag('throwExceptionOnMissingEntry', true),
      };
    case 'select':
      return {
        ...common,
        type: 'dataStoreSelect',
        maximumEntries: element.integer('maxresults', 1, 1),
        deleteOnCompletion: element.flag('delete'),
      };
    case 'delete':
      return { ...common, type: 'dataStoreDelete', entryId: element.get('messageId') };
    default:
      context.problem(
        'unsupported-step',
        element,
        `The data store operation "${operation}" is not offered.`,
        'put, get, select or delete',
      );
      return null;
  }
}

function namespaceTable(element: IflwElement): Record<string, string> {
  const namespaces: Record<string, string> = {};
  for (const row of [...element.table('jsonNamespaceMapping'), ...element.table('xmlNamespaceMapping')]) {
    const [first, second] = cellsOf(row);
    if (first === undefined || second === undefined) continue;
    // The two converters list the columns in opposite orders; the URI is the one with a colon or slash.
    if (/[:/]/.test(second)) namespaces[first] = second;
    else namespaces[second] = first;
  }
  return namespaces;
}

function cellsOf(row: IflwRow): string[] {
  return [...row.values()];
}

function arrayPaths(element: IflwElement): 'all' | readonly string[] {
  const choice = element.get('xmlJsonConvertAllElements').toLowerCase();
  if (choice === 'all' && element.flag('xmlJsonUseStreaming')) return 'all';
  return element
    .table('xmlJsonPathTable')
    .map((row) => cellsOf(row)[0] ?? '')
    .filter((path) => path !== '');
}

function csvToXml(element: IflwElement, base: Base, { context, files }: StepConversion): StepDefinition | null {
  const recordPath = element.get('XPath_Field_Location');
  const schema = element.get('XML_Schema_File_Path');
  const fieldNames = schema === '' ? [] : files.recordFields(schema, recordPath);
  if (fieldNames === null) {
    context.problem(
      'missing-resource',
      element,
      `The schema "${schema}" is not in the artifact, or does not describe ${recordPath}.`,
      'add the schema to the artifact',
    );
    return null;
  }
  return {
    ...base,
    type: 'csvToXml',
    recordPath,
    fieldSeparator: element.get('Field_Separator_in_CSV') || ',',
    excludeFirstLine:
      element.flag('Exclude_First_Line_Header') || element.flag('ignoreFirstLineAsHeader') || fieldNames.length === 0,
    fieldNames,
  };
}

function xslt(element: IflwElement, base: Base, { context, files }: StepConversion): StepDefinition | null {
  if (element.get('mappingSource') === 'mappingSrcHeader') {
    context.problem(
      'unsupported-setting',
      element,
      'A stylesheet named by a header is not offered.',
      'a router with one XSLT mapping for each stylesheet',
    );
    return null;
  }
  const path = element.get('mappinguri').replace(/^dir:\/\/[^/]+\/[^/]+\/(src\/main\/resources\/)?/, '');
  if (path === '') {
    context.problem('missing-resource', element, 'The mapping names no stylesheet.');
    return null;
  }
  const stylesheet = files.text(path);
  if (stylesheet === null) {
    context.problem(
      'missing-resource',
      element,
      `The stylesheet "${path}" is not in the artifact.`,
      'add it to the artifact',
    );
    return null;
  }
  return {
    ...base,
    type: 'xslt',
    stylesheet,
    output: element.get('mappingoutputformat') === 'String' ? 'String' : 'Bytes',
  };
}

function validator(
  element: IflwElement,
  base: Base,
  activity: string,
  { context, files }: StepConversion,
): StepDefinition | null {
  const path = element.get('xsd') || element.get('xmlSchema') || element.get('jsonSchema') || element.get('schema');
  const schema = path === '' ? null : files.text(path);
  if (schema === null) {
    context.problem(
      'missing-resource',
      element,
      path === '' ? 'The validator names no schema.' : `The schema "${path}" is not in the artifact.`,
      'add it to the artifact',
    );
    return null;
  }
  return {
    ...base,
    type: activity === 'XmlValidator' ? 'xmlValidation' : 'jsonValidation',
    schema,
    preventException: element.flag('preventException'),
  };
}

function codec(element: IflwElement, base: Base, activity: string, context: IflwContext): StepDefinition | null {
  const kind = element.get('encoderType');
  const type = activity === 'Encoder' ? 'encode' : 'decode';
  if (/base64/i.test(kind)) return { ...base, type, encoding: 'Base64' };
  if (/gzip/i.test(kind)) return { ...base, type, encoding: 'GZIP' };
  if (/^zip/i.test(kind)) return { ...base, type, encoding: 'ZIP' };
  context.problem('unsupported-step', element, `"${kind}" is not offered.`, 'Base64, ZIP or GZIP');
  return null;
}

function variables(element: IflwElement, base: Base): StepDefinition {
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

function script(
  element: IflwElement,
  base: Base,
  sub: string,
  { context, files }: StepConversion,
): StepDefinition | null {
  const name = element.get('script');
  if (name === '') {
    context.problem('missing-resource', element, 'The script step names no script.');
    return null;
  }
  const groovy = /groovy/i.test(sub) || /\.(groovy|gvy|gy|gsh)$/i.test(name);
  const functionName = element.get('scriptFunction') || 'processData';
  files.useScript({
    name,
    function: functionName,
    stepId: element.id,
    stepName: element.name,
    collection: element.get('scriptBundleId'),
    groovy,
  });
  const problem = files.scriptProblem(name, groovy);
  if (problem !== null) {
    context.problem(problem.code, element, problem.message, problem.nearest);
    return null;
  }
  return { ...base, type: 'script', script: name, function: functionName };
}
