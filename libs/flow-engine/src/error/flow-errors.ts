/** Why a definition is refused. */
export type FlowProblemCode =
  | 'syntax'
  | 'duplicate-key'
  | 'duplicate-id'
  | 'unknown-key'
  | 'missing-key'
  | 'wrong-type'
  | 'invalid-value'
  | 'invalid-address'
  | 'invalid-expression'
  | 'invalid-graph'
  | 'unresolved-parameter'
  | 'unresolved-reference'
  | 'missing-resource'
  | 'script-port-required'
  | 'unsupported-element'
  | 'unsupported-adapter'
  | 'unsupported-step'
  | 'unsupported-setting'
  | 'limit-exceeded'
  | 'not-a-flow';

export interface FlowElement {
  /** Kind of the element: `callActivity:Enricher`, `messageFlow:Mail` … */
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

export interface FlowProblem {
  /** Where in the document: `steps[0].contentModifier.headers`, or the entry and element of an artifact. */
  readonly path: string;
  readonly line?: number;
  readonly code: FlowProblemCode;
  readonly message: string;
  readonly element?: FlowElement;
  /** The nearest thing the engine can do. */
  readonly nearest?: string;
}

export type FlowWarningCode =
  'basic-authentication' | 'client-certificate-authorization' | 'ignored-setting' | 'incomplete-configuration';

export interface FlowWarning {
  readonly code: FlowWarningCode;
  readonly message: string;
  readonly path: string;
  readonly line?: number;
  readonly element?: FlowElement;
}

/** A definition that cannot be read or compiled. Holds every problem that was found, not the first one only. */
export class FlowDefinitionError extends Error {
  override readonly name = 'FlowDefinitionError';
  readonly problems: readonly FlowProblem[];

  constructor(problems: readonly FlowProblem[]) {
    const first = problems[0];
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    const line = first?.line === undefined ? '' : ` (line ${first.line})`;
    super(first === undefined ? 'The flow definition is refused.' : `${first.path}${line}: ${first.message}${more}`);
    this.problems = problems;
  }
}
