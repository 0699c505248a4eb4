import type { FlowCapability, FlowErrorCode, FlowFailure, FlowStatus, SenderRequest } from '@sluice/flow-engine';

/** A body beside the head of a frame: what it was, and which part holds it. */
export interface PackedBody {
  readonly kind: 'text' | 'utf16' | 'bytes';
  readonly part: number;
}

/** A message in a frame. Values that are no plain ones travel as text. */
export interface PackedMessage {
  readonly headers: readonly (readonly [name: string, value: unknown])[];
  readonly body: PackedBody | null;
  readonly attachments: readonly { readonly name: string; readonly mediaType: string; readonly content: PackedBody }[];
}

/** What a message comes by: a request of a sender, whose body is the first part, or a timer or another flow. */
export type PackedInput =
  | {
      readonly kind: 'request';
      readonly request: Omit<SenderRequest, 'body'>;
      /** The body is still to come, and stays where it comes. */
      readonly streamed: boolean;
    }
  | { readonly kind: 'message'; readonly message: PackedMessage }
  /** Nothing: the flow is compiled, and that is all. */
  | { readonly kind: 'none' }
  /** An artifact to be examined: its content is the first part. */
  | {
      readonly kind: 'artifact';
      readonly name: string;
      readonly mediaType: string;
      readonly ports?: Readonly<Record<string, string>> | undefined;
      readonly capabilities: readonly FlowCapability[];
    };

export interface PackedRun {
  /** Names the flow and its version; empty where none runs. */
  readonly flow: string;
  readonly channel: string;
  readonly messageId: string;
  readonly correlationId?: string | undefined;
  readonly callDepth: number;
  /** Whose message it is; told to flows that it calls. */
  readonly owner: string;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Whether what was traced of bodies may be kept in the log. */
  readonly payloads: boolean;
  readonly input: PackedInput;
}

export type ToWorker =
  /** The definition in JSON is the only part. */
  | { readonly type: 'flow'; readonly flow: string }
  | { readonly type: 'forget'; readonly flow: string }
  | { readonly type: 'run'; readonly run: number; readonly turn: number; readonly what: PackedRun }
  | {
      readonly type: 'answers';
      readonly run: number;
      readonly turn: number;
      readonly answers: readonly PackedAnswer[];
    };

/** Its octets are the next `parts` parts of the frame. */
export interface PackedAnswer {
  readonly call: number;
  readonly value?: unknown;
  readonly error?: PackedError | undefined;
  readonly parts: number;
}

export interface PackedError {
  readonly code: FlowErrorCode;
  readonly message: string;
  readonly responseCode?: number | undefined;
  readonly responseBody?: string | undefined;
  readonly responseHeaders?: Readonly<Record<string, string>> | undefined;
}

export type FromWorker =
  | { readonly type: 'ready' }
  /** An effect that the run asks for. */
  | {
      readonly type: 'call';
      readonly run: number;
      readonly call: number;
      /** `http.send`, say. */
      readonly effect: Effect;
      readonly given: unknown;
      /** The same for the same call when a message is run again. */
      readonly fingerprint: string;
    }
  /** Nothing goes on in the run until an answer comes. */
  | { readonly type: 'waits'; readonly run: number; readonly turn: number }
  | { readonly type: 'done'; readonly run: number; readonly what: PackedOutcome };

export type Effect =
  | 'http.send'
  | 'processDirect.call'
  | 'dataStore.write'
  | 'dataStore.get'
  | 'dataStore.select'
  | 'dataStore.delete'
  | 'variables.get'
  | 'variables.set'
  | 'variables.nextNumber'
  | 'mail.send'
  | 'persist.persist';

/** What came of a message. Parts: the detail of its log entry (empty: none), then the body of the reply, or the parts of the message. */
export type PackedOutcome =
  | {
      readonly kind: 'reply';
      readonly logged: PackedLog;
      readonly reply: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
    }
  | { readonly kind: 'message'; readonly logged: PackedLog; readonly message: PackedMessage }
  | { readonly kind: 'none' }
  /** An artifact was examined. Parts: the checks and what is no flow, in JSON; then the definitions in JSON, an empty one where there is none. */
  | { readonly kind: 'examined' }
  /** The request was no message of its channel. */
  | { readonly kind: 'unreadable'; readonly error: PackedError }
  | { readonly kind: 'not-compiled'; readonly error: PackedError }
  /** There is no outcome: a budget was exceeded, say, or what came of it is too large to be passed on. */
  | { readonly kind: 'failed'; readonly error: PackedError };

/** For the message processing log; the detail is beside it. */
export interface PackedLog {
  readonly status: FlowStatus;
  readonly error?: FlowFailure | undefined;
  readonly sender?: string | undefined;
  readonly payloadsDropped: boolean;
}
