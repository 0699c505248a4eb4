import type { ReceiverChannel, SenderChannel } from './channel-definition.js';
import type { StepDefinition } from './step-definition.js';

export type { StepDefinition, StepType } from './step-definition.js';

export type LogLevel = 'NONE' | 'INFO' | 'DEBUG' | 'TRACE';

/** A graph of steps. A path starts at `start` and follows `next`; an absent `start` ends at once with the message that came. */
export interface FlowProcess {
  readonly id: string;
  readonly name: string;
  /** A `main` process is started by a sender channel, a `local` one by a process call. */
  readonly kind: 'main' | 'local';
  readonly start?: string;
  readonly steps: readonly StepDefinition[];
  /** Where the path goes on after a failure in this process; its steps are in `steps` as well. */
  readonly exceptionSubprocess?: { readonly id: string; readonly name: string; readonly start?: string };
}

export interface FlowScript {
  /** JavaScript that is run. */
  readonly source: string;
  /** Set when the artifact had another language and this source is a port of it. */
  readonly portedFrom?: 'Groovy';
}

/**
 * One integration flow, whatever it was read from. Plain data: it survives JSON, is stored, and is published as a record.
 */
export interface FlowDefinition {
  readonly modelVersion: 1;
  readonly name: string;
  readonly source: 'YAML' | 'JSON' | 'IFLW';
  readonly log: { readonly level: LogLevel };
  /** Prefix to namespace URI, for every XPath of the flow. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly senders: readonly SenderChannel[];
  readonly receivers: readonly ReceiverChannel[];
  readonly processes: readonly FlowProcess[];
  /** Texts the steps refer to by name: stylesheets, XML schemas, JSON schemas. */
  readonly resources: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, FlowScript>>;
}
