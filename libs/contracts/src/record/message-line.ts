import type { MessageProcessingLog } from '../api/message-processing-logs.js';

/**
 * How entries of the message processing log travel in the stream `SLUICE_MPL`: a message is UTF-8 text with one entry a line,
 * and a line is a JSON array with these members. Times are milliseconds since 1970. New members come at the end; a reader
 * ignores those it does not know.
 */
export type MessageLine = readonly [
  id: string,
  start: number,
  end: number | null,
  status: MessageProcessingLog['status'],
  flow: string,
  logLevel: MessageProcessingLog['logLevel'],
  sender: string | null,
  /** Null when it is the id. */
  correlationId: string | null,
  /** The process that works on it, while the status is PROCESSING. */
  runtimeId: string | null,
  detail: MessageDetail | null,
];

/** What few messages have. */
export interface MessageDetail extends Pick<
  MessageProcessingLog,
  'error' | 'receiver' | 'messageType' | 'applicationId' | 'customHeaders' | 'steps' | 'stepsDropped' | 'log'
> {
  /** What a flow traced or attached was left out, in part or all of it; what is missing is marked where it would stand. */
  readonly payloadsDropped?: true;
  /** Base64. */
  readonly attachments?: readonly {
    readonly name: string;
    readonly mediaType: string;
    readonly size: number;
    readonly content: string;
    /** Then `content` is empty. */
    readonly contentDropped?: true;
  }[];
}
