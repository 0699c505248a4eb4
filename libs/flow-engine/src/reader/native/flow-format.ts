import {
  type JsonSchema,
  choice,
  flag,
  integer,
  listOf,
  named,
  object,
  oneKeyOf,
  optional,
  recordOf,
  required,
  type Shape,
  shortOrLong,
  text,
} from './shape.js';
import { NAME, receiver, sender } from './channel-format.js';
import { stepDescriptions } from './format-descriptions.js';

const valueOptions = {
  type: optional(text({ description: 'String, Integer, Long, Double, Boolean' })),
  default: optional(text()),
};

const assignment = named('value', () =>
  shortOrLong(
    text({ description: 'a Simple expression' }),
    object({
      constant: optional(text({ description: 'this text as it is' })),
      expression: optional(text({ description: 'a Simple expression' })),
      header: optional(text({ description: 'the header of this name' })),
      property: optional(text({ description: 'the property of this name' })),
      xpath: optional(text({ description: 'what this expression finds in the body' })),
      localVariable: optional(text({ description: 'a variable of this flow' })),
      globalVariable: optional(text({ description: 'a variable of all flows' })),
      numberRange: optional(text({ description: 'the next number of this range' })),
      delete: optional(flag('the header or property is removed')),
      ...valueOptions,
    }),
  ),
);

const condition = named('condition', () =>
  shortOrLong(
    text({ minLength: 1, description: 'a Simple condition' }),
    object({ simple: optional(text({ minLength: 1 })), xpath: optional(text({ minLength: 1 })) }),
  ),
);

/** Steps inside steps. Their element type is NativeStep; naming it here would make the type refer to itself. */
const steps = (): Shape<readonly unknown[]> => listOf<unknown>(step);

const gather = named('gather', () =>
  object({
    name: NAME,
    messageFormat: optional(choice(['sameXml', 'differentXml', 'plainText'])),
    strategy: optional(choice(['combine', 'combineAtXPath', 'concatenate'])),
    source: optional(text()),
    target: optional(text()),
  }),
);

const dataStore = {
  name: NAME,
  store: required(text({ minLength: 1 })),
  visibility: optional(choice(['local', 'global'], 'default local')),
};

const alternatives = {
  contentModifier: object({
    name: NAME,
    headers: optional(recordOf(assignment)),
    properties: optional(recordOf(assignment)),
    body: optional(
      shortOrLong(
        text({ description: 'a Simple expression' }),
        object({ constant: optional(text()), expression: optional(text()) }),
      ),
    ),
  }),
  router: object({
    name: NAME,
    routes: required(
      listOf(object({ name: NAME, when: required(condition), steps: required(named('steps', steps)) }), {
        minItems: 1,
      }),
    ),
    otherwise: optional(named('steps', steps)),
    throwOnNoRoute: optional(flag('default false')),
  }),
  filter: object({
    name: NAME,
    xpath: required(text({ minLength: 1 })),
    resultType: optional(choice(['Node', 'Nodelist', 'String', 'Integer', 'Number', 'Boolean'])),
  }),
  splitter: object({
    name: NAME,
    type: optional(choice(['general', 'iterating'], 'default general')),
    xpath: optional(text({ minLength: 1 })),
    token: optional(text({ minLength: 1 })),
    lineBreak: optional(flag()),
    ignoreDefaultNamespaces: optional(
      flag('default false; true: to the XPath, elements without a prefix are in no namespace'),
    ),
    groupSize: optional(integer({ minimum: 1, maximum: 100_000 })),
    parallel: optional(flag()),
    concurrency: optional(integer({ minimum: 1, maximum: 100 })),
    stopOnException: optional(flag('default true')),
    steps: required(named('steps', steps)),
    gather: optional(gather),
  }),
  multicast: object({
    name: NAME,
    mode: optional(choice(['parallel', 'sequential'], 'default parallel')),
    branches: required(listOf(object({ name: NAME, steps: required(named('steps', steps)) }), { minItems: 1 })),
    gather: optional(gather),
  }),
  requestReply: receiver,
  send: receiver,
  processCall: object({
    name: NAME,
    process: required(text({ minLength: 1, description: 'its name in processes' })),
    loop: optional(
      object({ while: required(condition), maximumIterations: optional(integer({ minimum: 1, maximum: 99_999 })) }),
    ),
  }),
  jsonToXml: object({
    name: NAME,
    rootElement: optional(text({ minLength: 1, description: 'none: the JSON object must have one member' })),
    rootNamespace: optional(text()),
    namespaceSeparator: optional(text({ minLength: 1, maxLength: 1 })),
    namespaces: optional(recordOf(text())),
  }),
  xmlToJson: object({
    name: NAME,
    suppressRootElement: optional(flag()),
    namespaceSeparator: optional(text({ minLength: 1, maxLength: 1 })),
    namespaces: optional(recordOf(text())),
    arrays: optional(listOf(text({ minLength: 1 }))),
    allArrays: optional(flag()),
    streaming: optional(
      flag(
        'default false: a namespace without mapping and prefix fails; true: it is left out, and allArrays includes the root',
      ),
    ),
  }),
  csvToXml: object({
    name: NAME,
    recordPath: required(text({ minLength: 1 })),
    fieldSeparator: optional(text({ minLength: 1 })),
    excludeFirstLine: optional(flag('default true without fieldNames, or with columns: header')),
    fieldNames: optional(listOf(text({ minLength: 1 }))),
    columns: optional(
      choice(['header', 'position'], 'how columns find fieldNames; default header where the first line is excluded'),
    ),
    recordMarker: optional(text({ minLength: 1, description: 'only records whose first field is this are converted' })),
  }),
  xmlToCsv: object({
    name: NAME,
    recordPath: required(text({ minLength: 1 })),
    fieldSeparator: optional(text({ minLength: 1 })),
    includeHeader: optional(flag()),
    includeAttributes: optional(flag()),
  }),
  xslt: object({ name: NAME, stylesheet: required(text({ minLength: 1, description: 'name in resources' })) }),
  xmlValidation: object({
    name: NAME,
    schema: required(text({ minLength: 1, description: 'name in resources' })),
    preventException: optional(
      flag('default false; true: the message goes on, and the header SAP_XmlValidationResult says what is wrong'),
    ),
  }),
  jsonValidation: object({
    name: NAME,
    schema: required(text({ minLength: 1, description: 'name in resources' })),
    preventException: optional(
      flag('default false; true: the message goes on, and the header SAP_JsonValidationResult says what is wrong'),
    ),
  }),
  encode: object({ name: NAME, encoding: required(choice(['Base64', 'ZIP', 'GZIP'])) }),
  decode: object({ name: NAME, encoding: required(choice(['Base64', 'ZIP', 'GZIP'])) }),
  dataStoreWrite: object({
    ...dataStore,
    entryId: optional(text({ description: 'an expression; without it an id is made' })),
    overwrite: optional(flag()),
    includeHeaders: optional(flag()),
    encrypt: optional(flag('default true')),
    expirationDays: optional(integer({ minimum: 1, maximum: 180 })),
  }),
  dataStoreGet: object({
    ...dataStore,
    entryId: required(text({ minLength: 1 })),
    deleteOnCompletion: optional(flag()),
    throwOnMissing: optional(flag('default true')),
  }),
  dataStoreSelect: object({
    ...dataStore,
    maximumEntries: optional(integer({ minimum: 1, maximum: 10_000 })),
    deleteOnCompletion: optional(flag()),
  }),
  dataStoreDelete: object({ ...dataStore, entryId: required(text({ minLength: 1 })) }),
  writeVariables: object({
    name: NAME,
    variables: required(recordOf(assignment)),
    global: optional(flag('default false')),
    expirationDays: optional(integer({ minimum: 1, maximum: 400 })),
  }),
  mapping: object({ name: NAME, jsonata: required(text({ minLength: 1 })) }),
  script: object({
    name: NAME,
    script: required(text({ minLength: 1, description: 'name in scripts' })),
    function: optional(text({ minLength: 1, description: 'default processData' })),
  }),
  xmlModifier: object({ name: NAME, removeXmlDeclaration: optional(flag()), removeExternalDtd: optional(flag()) }),
  persist: object({ name: NAME, storeId: optional(text({ minLength: 1 })), encrypt: optional(flag()) }),
  log: object({
    name: NAME,
    level: optional(choice(['INFO', 'DEBUG', 'TRACE'])),
    text: required(text()),
    attachBody: optional(flag()),
  }),
  errorEnd: object({ name: NAME, errorCode: optional(text()) }),
  escalationEnd: object({ name: NAME, errorCode: optional(text()) }),
  end: object({ name: NAME }),
};

type ValueOf<S> = S extends Shape<infer T> ? T : never;
type Alternatives = typeof alternatives;

/** A step as written: `kind` is its key. */
export type NativeStep = {
  readonly [K in keyof Alternatives]: {
    readonly kind: K;
    readonly value: ValueOf<Alternatives[K]>;
    readonly line?: number;
  };
}[keyof Alternatives];

const step: Shape<unknown> = named<unknown>('step', () => oneKeyOf(alternatives, 'a step', stepDescriptions));

const flowShape = object(
  {
    name: required(
      text({ minLength: 1, maxLength: 200, description: 'for people; the id in the path names the flow' }),
    ),
    sender: required(sender),
    log: optional(object({ level: optional(choice(['NONE', 'INFO', 'DEBUG', 'TRACE'], 'default INFO')) })),
    namespaces: optional(recordOf(text({ minLength: 1 }), 'prefix to URI, for XPath')),
    steps: required(named('steps', steps)),
    onException: optional(named('steps', steps)),
    processes: optional(
      recordOf(
        object({ steps: required(named('steps', steps)), onException: optional(named('steps', steps)) }),
        'local processes by name',
      ),
    ),
    resources: optional(recordOf(text(), 'stylesheets and schemas by name')),
    scripts: optional(recordOf(text(), 'JavaScript by name')),
  },
  'An integration flow',
);

export type NativeFlow = ValueOf<typeof flowShape>;
export type NativeSender = NativeFlow['sender'];
export type NativeReceiver = ValueOf<typeof receiver>;
export type NativeAssignment = ValueOf<typeof assignment>;
export type NativeCondition = ValueOf<typeof condition>;
export type NativeGather = ValueOf<typeof gather>;

export const FLOW_SHAPE: Shape<NativeFlow> = flowShape;

/** @returns the JSON schema (2020-12) of the native format, made from the same description that reads it */
export function flowJsonSchema(): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  const root = FLOW_SHAPE.schema(definitions);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://sluice.dev/schemas/flow.schema.json',
    title: 'Sluice integration flow',
    ...root,
    $defs: definitions,
  };
}
