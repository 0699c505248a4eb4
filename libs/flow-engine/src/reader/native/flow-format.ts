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
  taggedBy,
  text,
} from './shape.js';

const NAME = optional(text({ description: 'for people; shown in the message processing log' }));

const authorization = taggedBy('type', {
  UserRole: object({
    type: required(choice(['UserRole'])),
    role: optional(text({ minLength: 1, description: 'default ESBMessaging.send' })),
  }),
  ClientCertificate: object({
    type: required(choice(['ClientCertificate'])),
    certificates: required(
      listOf(
        object({
          subjectDN: required(text({ minLength: 1, description: 'RFC 4514' })),
          issuerDN: required(text({ minLength: 1, description: 'RFC 4514' })),
        }),
        { minItems: 1 },
      ),
    ),
  }),
});

const httpSender = {
  name: NAME,
  address: required(text({ minLength: 1, description: 'begins with /; /* at the end only' })),
  authorization: optional(authorization),
  maximumBodySizeMb: optional(integer({ minimum: 1, maximum: 1024, description: 'default 40' })),
  allowedHeaders: optional(listOf(text({ minLength: 1 }), { description: 'names or patterns; default all' })),
  maximumConcurrency: optional(
    integer({ minimum: 1, maximum: 10_000, description: 'messages of the flow worked on at once; default 256' }),
  ),
  maximumQueued: optional(
    integer({ minimum: 0, maximum: 100_000, description: 'messages that wait for their turn; default 1024' }),
  ),
  csrfProtection: optional(flag('default false')),
  returnExceptionToSender: optional(flag('default false')),
};

const sender = taggedBy('adapter', {
  HTTPS: object({ adapter: required(choice(['HTTPS'])), ...httpSender }),
  SOAP: object({
    adapter: required(choice(['SOAP'])),
    ...httpSender,
    messageExchangePattern: optional(choice(['OneWay', 'RequestReply'], 'default RequestReply')),
  }),
  IDOC: object({ adapter: required(choice(['IDOC'])), ...httpSender }),
  ProcessDirect: object({
    adapter: required(choice(['ProcessDirect'])),
    name: NAME,
    address: required(text({ minLength: 1 })),
  }),
  Timer: object({
    adapter: required(choice(['Timer'])),
    name: NAME,
    cron: optional(
      text({
        minLength: 1,
        description: 'Quartz: second minute hour day month weekday; without it the timer fires once',
      }),
    ),
    timeZone: optional(text({ minLength: 1, description: 'IANA name, default UTC' })),
  }),
});

const authentication = taggedBy('type', {
  None: object({ type: required(choice(['None'])) }),
  Basic: object({ type: required(choice(['Basic'])), credential: required(text({ minLength: 1 })) }),
  OAuth2ClientCredentials: object({
    type: required(choice(['OAuth2ClientCredentials'])),
    credential: required(text({ minLength: 1 })),
  }),
  ClientCertificate: object({
    type: required(choice(['ClientCertificate'])),
    keyAlias: required(text({ minLength: 1 })),
  }),
});

const receiver = taggedBy('adapter', {
  HTTP: object({
    adapter: required(choice(['HTTP'])),
    name: NAME,
    address: required(text({ minLength: 1 })),
    query: optional(text()),
    method: optional(text({ minLength: 1, description: 'default POST' })),
    sendBody: optional(flag('for GET, DELETE and HEAD; default false')),
    timeoutMs: optional(integer({ minimum: 1, maximum: 3_600_000, description: 'default 60000' })),
    authentication: optional(authentication),
    requestHeaders: optional(listOf(text({ minLength: 1 }))),
    responseHeaders: optional(listOf(text({ minLength: 1 }))),
    throwOnFailure: optional(flag('default true')),
    retries: optional(integer({ minimum: 0, maximum: 10 })),
    retryIntervalMs: optional(integer({ minimum: 0, maximum: 600_000 })),
  }),
  SOAP: object({
    adapter: required(choice(['SOAP'])),
    name: NAME,
    address: required(text({ minLength: 1 })),
    soapVersion: optional(choice(['1.1', '1.2'])),
    soapAction: optional(text()),
    timeoutMs: optional(integer({ minimum: 1, maximum: 3_600_000 })),
    authentication: optional(authentication),
    cleanupHeaders: optional(flag()),
  }),
  ProcessDirect: object({
    adapter: required(choice(['ProcessDirect'])),
    name: NAME,
    address: required(text({ minLength: 1 })),
  }),
  Mail: object({
    adapter: required(choice(['Mail'])),
    name: NAME,
    server: required(text({ minLength: 1, description: 'host:port' })),
    security: optional(choice(['off', 'starttls_required', 'starttls_optional', 'smtps'])),
    credential: optional(text()),
    from: required(text({ minLength: 1 })),
    to: required(text({ minLength: 1 })),
    cc: optional(text()),
    bcc: optional(text()),
    subject: optional(text()),
    body: optional(text({ description: 'default ${body}' })),
    contentType: optional(text()),
    timeoutMs: optional(integer({ minimum: 1, maximum: 3_600_000 })),
  }),
});

const valueOptions = {
  type: optional(text({ description: 'String, Integer, Long, Double, Boolean' })),
  default: optional(text()),
};

const assignment = shortOrLong(
  text({ description: 'a Simple expression' }),
  object({
    constant: optional(text()),
    expression: optional(text()),
    header: optional(text()),
    property: optional(text()),
    xpath: optional(text()),
    localVariable: optional(text()),
    globalVariable: optional(text()),
    numberRange: optional(text()),
    delete: optional(flag()),
    ...valueOptions,
  }),
);

const condition = shortOrLong(
  text({ minLength: 1, description: 'a Simple condition' }),
  object({ simple: optional(text({ minLength: 1 })), xpath: optional(text({ minLength: 1 })) }),
);

/** Steps inside steps. Their element type is NativeStep; naming it here would make the type refer to itself. */
const steps = (): Shape<readonly unknown[]> => listOf<unknown>(step);

const gather = object({
  name: NAME,
  messageFormat: optional(choice(['sameXml', 'differentXml', 'plainText'])),
  strategy: optional(choice(['combine', 'combineAtXPath', 'concatenate'])),
  source: optional(text()),
  target: optional(text()),
});

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
    process: required(text({ minLength: 1 })),
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
  xmlValidation: object({ name: NAME, schema: required(text({ minLength: 1 })), preventException: optional(flag()) }),
  jsonValidation: object({ name: NAME, schema: required(text({ minLength: 1 })), preventException: optional(flag()) }),
  encode: object({ name: NAME, encoding: required(choice(['Base64', 'ZIP', 'GZIP'])) }),
  decode: object({ name: NAME, encoding: required(choice(['Base64', 'ZIP', 'GZIP'])) }),
  dataStoreWrite: object({
    ...dataStore,
    entryId: optional(text()),
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
    script: required(text({ minLength: 1 })),
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

const step: Shape<unknown> = named<unknown>('step', () => oneKeyOf(alternatives, 'a step'));

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
