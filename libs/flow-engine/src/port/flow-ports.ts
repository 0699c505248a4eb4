import type { MessageAttachment, Message } from '../message/message.js';

import type { StreamedBody } from '../message/streamed-body.js';
import type { MailReceiver, ReceiverAuthentication } from '../model/channel-definition.js';

type Awaitable<T> = T | Promise<T>;

/** One outbound call. The adapter keeps one connection pool for each identity and applies the time-out. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A streamed one is sent as it comes: chunked, or with the length its sender declared. */
  readonly body: Uint8Array | StreamedBody | null;
  readonly timeoutMs: number;
  readonly authentication: ReceiverAuthentication;
  /** How often a failed connection (not an answer) is tried again. */
  readonly retries: number;
  readonly retryIntervalMs: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpPort {
  /**
   * Sends the request and gives the answer, whatever its status; redirects are not followed.
   * @throws FlowProcessingError `receiver-timeout` or `receiver-failed` when no answer came; the failure of a streamed body
   */
  send(request: HttpRequest): Awaitable<HttpResponse>;
}

/** The message that calls another flow. */
export interface ProcessDirectCaller {
  readonly messageId: string;
  /** What all messages of one chain of calls have in common. */
  readonly correlationId: string;
  /** How many ProcessDirect calls lead to this message. */
  readonly depth: number;
  /** Milliseconds since 1970 by which the caller must be done. */
  readonly deadline?: number;
  /** Whose message it is. */
  readonly owner?: string;
}

export interface ProcessDirectPort {
  /**
   * Runs the flow that listens on the address with this message, and gives its answer.
   * @throws FlowProcessingError `process-direct-failed`; `limit-exceeded` when calls lead too deep
   */
  call(address: string, message: Message, caller: ProcessDirectCaller): Awaitable<Message>;
}

export interface DataStoreEntry {
  readonly id: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Identifies a store; a local one belongs to the flow. */
export interface DataStoreName {
  readonly store: string;
  readonly visibility: 'local' | 'global';
}

export interface DataStorePort {
  /** @throws FlowProcessingError `data-store-duplicate` if the id exists and `overwrite` is false */
  write(
    name: DataStoreName,
    entry: DataStoreEntry,
    options: { readonly overwrite: boolean; readonly encrypt: boolean; readonly expirationDays: number },
  ): Awaitable<void>;
  get(name: DataStoreName, id: string): Awaitable<DataStoreEntry | undefined>;
  /** Oldest first. */
  select(name: DataStoreName, maximumEntries: number): Awaitable<readonly DataStoreEntry[]>;
  delete(name: DataStoreName, ids: readonly string[]): Awaitable<void>;
}

export interface VariablePort {
  get(name: string, scope: 'local' | 'global'): Awaitable<string | undefined>;
  set(name: string, scope: 'local' | 'global', value: string, expirationDays: number): Awaitable<void>;
  /** The next number of a number range, formatted. */
  nextNumber?(range: string): Awaitable<string>;
}

export interface ScriptRequest {
  readonly name: string;
  /** JavaScript that defines the function. */
  readonly source: string;
  readonly function: string;
  /** The script reads and changes this message through the reference's message API. */
  readonly message: Message;
  readonly log: ScriptLog;
}

export interface ScriptLog {
  addAttachment(name: string, content: string, mediaType: string): void;
  addCustomHeader(name: string, value: string): void;
  setProperty(name: string, value: string): void;
}

export interface ScriptPort {
  /** @throws FlowProcessingError `script-failed` for an exception of the script, or a limit it ran into */
  run(request: ScriptRequest): Awaitable<void>;
}

export interface MailRequest {
  readonly receiver: Pick<MailReceiver, 'server' | 'security' | 'authentication' | 'credential' | 'timeoutMs'>;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
  readonly subject: string;
  readonly body: string;
  readonly contentType: string;
  readonly attachments: readonly MessageAttachment[];
}

export interface MailPort {
  send(request: MailRequest): Awaitable<void>;
}

export interface PersistPort {
  persist(storeId: string, message: Message, encrypt: boolean, messageId: string): Awaitable<void>;
}

/**
 * Everything with an effect that a run needs. A step whose port is missing fails with `port-missing`; the run itself never
 * throws.
 */
export interface FlowPorts {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  newId(): string;
  readonly http?: HttpPort;
  readonly processDirect?: ProcessDirectPort;
  readonly dataStore?: DataStorePort;
  readonly variables?: VariablePort;
  readonly script?: ScriptPort;
  readonly mail?: MailPort;
  readonly persist?: PersistPort;
}
