/** Where a value comes from. `expression` is Camel Simple; `xpath` is XPath 3.1 on the body. */
export type ValueSource =
  'constant' | 'header' | 'property' | 'expression' | 'xpath' | 'localVariable' | 'globalVariable' | 'numberRange';

/** One row of a content modifier's header or property table. */
export interface Assignment {
  readonly action: 'create' | 'delete';
  readonly name: string;
  readonly source: ValueSource;
  readonly value: string;
  /** Java type name as artifacts write it (`java.lang.String`, `org.w3c.dom.NodeList` …); empty: as it comes. */
  readonly dataType: string;
  /** Used when the source has no value; empty: none. */
  readonly defaultValue: string;
}

export interface Condition {
  readonly language: 'simple' | 'xpath';
  readonly expression: string;
}

interface StepBase {
  readonly id: string;
  readonly name: string;
  /** Id of the step that follows; absent at the end of a path. */
  readonly next?: string;
}

export interface ContentModifierStep extends StepBase {
  readonly type: 'contentModifier';
  readonly headers: readonly Assignment[];
  readonly properties: readonly Assignment[];
  readonly body?: { readonly source: 'constant' | 'expression'; readonly value: string };
}

export interface Route {
  readonly id: string;
  readonly name: string;
  /** Absent on the default route. */
  readonly condition?: Condition;
  readonly next: string;
}

/** The first route whose condition holds, in order; else the default; else an error if `throwOnNoRoute`, else the path ends. */
export interface RouterStep extends StepBase {
  readonly type: 'router';
  readonly routes: readonly Route[];
  readonly throwOnNoRoute: boolean;
}

export interface FilterStep extends StepBase {
  readonly type: 'filter';
  readonly xpath: string;
  readonly resultType: 'Node' | 'Nodelist' | 'String' | 'Integer' | 'Number' | 'Boolean';
}

export type SplitExpression =
  | { readonly type: 'xpath'; readonly value: string }
  | { readonly type: 'token'; readonly value: string }
  | { readonly type: 'lineBreak' };

/** The path after a splitter runs once for each part, up to a gather or its end. */
export interface SplitterStep extends StepBase {
  readonly type: 'splitter';
  /** `general` keeps the elements around a part and what stands before the first one, `iterating` does not. */
  readonly splitType: 'general' | 'iterating';
  readonly expression: SplitExpression;
  /** An XPath sees elements without a prefix as those of no namespace, whatever their default namespace is. */
  readonly ignoreDefaultNamespaces?: boolean;
  readonly groupSize: number;
  readonly parallel: boolean;
  readonly concurrency: number;
  readonly stopOnException: boolean;
}

export type GatherStrategy =
  | { readonly type: 'combine' }
  | { readonly type: 'combineAtXPath'; readonly source: string; readonly target: string }
  | { readonly type: 'concatenate' };

export interface GatherStep extends StepBase {
  readonly type: 'gather';
  readonly messageFormat: 'sameXml' | 'differentXml' | 'plainText';
  readonly strategy: GatherStrategy;
}

/** Where the branches of a multicast meet; a gather behind it puts their messages together. */
export interface JoinStep extends StepBase {
  readonly type: 'join';
}

export interface MulticastBranch {
  readonly id: string;
  readonly name: string;
  readonly next: string;
}

export interface MulticastStep extends StepBase {
  readonly type: 'multicast';
  readonly mode: 'parallel' | 'sequential';
  readonly branches: readonly MulticastBranch[];
}

/** Calls a receiver channel; the answer becomes the message. */
export interface RequestReplyStep extends StepBase {
  readonly type: 'requestReply';
  readonly receiver: string;
}

/** Calls a receiver channel; the message stays as it was. */
export interface SendStep extends StepBase {
  readonly type: 'send';
  readonly receiver: string;
}

export interface ProcessCallStep extends StepBase {
  readonly type: 'processCall';
  readonly process: string;
  /** Repeats while the condition holds, at most so often. */
  readonly loop?: { readonly condition: Condition; readonly maximumIterations: number };
}

export interface JsonToXmlStep extends StepBase {
  readonly type: 'jsonToXml';
  readonly addRootElement: boolean;
  readonly rootElementName: string;
  readonly rootElementNamespace: string;
  readonly useNamespaces: boolean;
  readonly namespaceSeparator: string;
  /** JSON prefix to namespace URI; all are declared on the root. A name whose prefix is not in it is an element name as a whole. */
  readonly namespaces: Readonly<Record<string, string>>;
}

export interface XmlToJsonStep extends StepBase {
  readonly type: 'xmlToJson';
  readonly suppressRootElement: boolean;
  /** False: names are written without prefix. */
  readonly useNamespaces: boolean;
  readonly namespaceSeparator: string;
  /** JSON prefix to namespace URI. A namespace that is not in it keeps its XML prefix. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** `all`: every element becomes an array; a list: only those paths or names do; `[]`: only repeated ones. */
  readonly arrays: 'all' | readonly string[];
  /** A namespace without mapping and prefix is left out instead of failing, and `all` makes the root an array, too. */
  readonly streaming: boolean;
}

export interface CsvToXmlStep extends StepBase {
  readonly type: 'csvToXml';
  /** Path of the record element: `/rows/row`, or its name below `root`. */
  readonly recordPath: string;
  readonly fieldSeparator: string;
  readonly excludeFirstLine: boolean;
  /** Element names in their order; empty: taken from the first line. */
  readonly fieldNames: readonly string[];
  /**
   * How columns find their fields: by their place, or by the name they have in the first line. Absent (also in flows that were
   * deployed before it was there): by name where the first line is excluded.
   */
  readonly columns?: 'header' | 'position';
  /** Those of `fieldNames` that a header may lack though it has columns that are no field. */
  readonly optionalFieldNames?: readonly string[];
  /** Only records whose first field is this are converted. That field is a value only where the header names it as a field. */
  readonly recordMarker?: string;
}

export interface XmlToCsvStep extends StepBase {
  readonly type: 'xmlToCsv';
  readonly recordPath: string;
  readonly fieldSeparator: string;
  readonly includeHeader: boolean;
  readonly includeParent: boolean;
  readonly parentPath: string;
  readonly includeAttributes: boolean;
}

export interface XsltStep extends StepBase {
  readonly type: 'xslt';
  /** Name of the stylesheet in the definition's resources; or `header:<name>` for one that a header names. */
  readonly stylesheet: string;
  readonly output: 'Bytes' | 'String';
}

export interface XmlValidationStep extends StepBase {
  readonly type: 'xmlValidation';
  readonly schema: string;
  /** Write the problems to the header SAP_XmlValidationResult instead of failing. */
  readonly preventException: boolean;
}

export interface JsonValidationStep extends StepBase {
  readonly type: 'jsonValidation';
  readonly schema: string;
  readonly preventException: boolean;
}

export interface EncodeStep extends StepBase {
  readonly type: 'encode';
  readonly encoding: 'Base64' | 'ZIP' | 'GZIP';
}

export interface DecodeStep extends StepBase {
  readonly type: 'decode';
  readonly encoding: 'Base64' | 'ZIP' | 'GZIP';
}

interface DataStoreStepBase extends StepBase {
  readonly store: string;
  readonly visibility: 'local' | 'global';
}

export interface DataStoreWriteStep extends DataStoreStepBase {
  readonly type: 'dataStoreWrite';
  readonly entryId: string;
  readonly overwrite: boolean;
  readonly includeHeaders: boolean;
  readonly encrypt: boolean;
  readonly expirationDays: number;
}

export interface DataStoreGetStep extends DataStoreStepBase {
  readonly type: 'dataStoreGet';
  readonly entryId: string;
  readonly deleteOnCompletion: boolean;
  readonly throwOnMissing: boolean;
}

export interface DataStoreSelectStep extends DataStoreStepBase {
  readonly type: 'dataStoreSelect';
  readonly maximumEntries: number;
  readonly deleteOnCompletion: boolean;
}

export interface DataStoreDeleteStep extends DataStoreStepBase {
  readonly type: 'dataStoreDelete';
  readonly entryId: string;
}

export interface WriteVariablesStep extends StepBase {
  readonly type: 'writeVariables';
  readonly variables: readonly {
    readonly name: string;
    readonly scope: 'local' | 'global';
    readonly source: ValueSource;
    readonly value: string;
    readonly dataType: string;
  }[];
  readonly expirationDays: number;
}

/** A JSONata mapping of a JSON body. */
export interface MappingStep extends StepBase {
  readonly type: 'mapping';
  readonly jsonata: string;
}

export interface ScriptStep extends StepBase {
  readonly type: 'script';
  /** Name in the definition's scripts. */
  readonly script: string;
  readonly function: string;
}

export interface XmlModifierStep extends StepBase {
  readonly type: 'xmlModifier';
  readonly removeXmlDeclaration: boolean;
  readonly removeExternalDtd: boolean;
}

/** Keeps a copy of the message under an id that can be looked up. */
export interface PersistStep extends StepBase {
  readonly type: 'persist';
  readonly storeId: string;
  readonly encrypt: boolean;
}

/** Writes a text to the message processing log. */
export interface LogStep extends StepBase {
  readonly type: 'log';
  readonly level: 'INFO' | 'DEBUG' | 'TRACE';
  readonly text: string;
  readonly attachBody: boolean;
}

/** Ends the path. `error` fails the message, `escalation` marks it, `terminate` ends the whole message at once. */
export interface EndStep extends StepBase {
  readonly type: 'end';
  readonly kind: 'message' | 'none' | 'error' | 'escalation' | 'terminate';
  readonly errorCode: string;
}

export type StepDefinition =
  | ContentModifierStep
  | RouterStep
  | FilterStep
  | SplitterStep
  | GatherStep
  | JoinStep
  | MulticastStep
  | RequestReplyStep
  | SendStep
  | ProcessCallStep
  | JsonToXmlStep
  | XmlToJsonStep
  | CsvToXmlStep
  | XmlToCsvStep
  | XsltStep
  | XmlValidationStep
  | JsonValidationStep
  | EncodeStep
  | DecodeStep
  | DataStoreWriteStep
  | DataStoreGetStep
  | DataStoreSelectStep
  | DataStoreDeleteStep
  | WriteVariablesStep
  | MappingStep
  | ScriptStep
  | XmlModifierStep
  | PersistStep
  | LogStep
  | EndStep;

export type StepType = StepDefinition['type'];
