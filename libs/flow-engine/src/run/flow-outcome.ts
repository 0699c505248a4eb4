import type { FlowErrorCode } from '@sluice/domain';
import type { Message, MessageAttachment } from '../message/message.js';

export type FlowStatus = 'COMPLETED' | 'FAILED' | 'ESCALATED';

export interface FlowFailure {
  readonly code: FlowErrorCode;
  /** For the administrator; may be shown to a sender only if its channel says so. */
  readonly message: string;
  readonly stepId?: string;
  readonly stepName?: string;
  readonly processId?: string;
  /** Status that a receiver answered with, when that was the failure. */
  readonly responseCode?: number;
}

/** One step that ran. Times are milliseconds since 1970. Payload and headers at log level TRACE only. */
export interface StepRecord {
  readonly stepId: string;
  readonly stepName: string;
  readonly stepType: string;
  readonly processId: string;
  readonly start: number;
  readonly end: number;
  readonly error?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
  /** At most `maximumPayload` characters of the body after the step. */
  readonly payload?: string;
  readonly payloadTruncated?: boolean;
}

export interface CustomHeader {
  readonly name: string;
  readonly value: string;
}

export interface LogEntry {
  readonly stepId: string;
  readonly time: number;
  readonly level: 'INFO' | 'DEBUG' | 'TRACE';
  readonly text: string;
}

/** What came of one message. Never thrown, always returned. */
export interface FlowOutcome {
  readonly status: FlowStatus;
  /** The message at the end, or where processing failed. */
  readonly message: Message;
  readonly error?: FlowFailure;
  /** Steps that ran; empty below log level DEBUG. */
  readonly steps: readonly StepRecord[];
  /** Steps that ran beyond the number of records kept. */
  readonly stepsDropped: number;
  readonly customHeaders: readonly CustomHeader[];
  readonly attachments: readonly MessageAttachment[];
  readonly log: readonly LogEntry[];
  /** From the headers SAP_Sender, SAP_Receiver, SAP_MessageType, SAP_ApplicationID when the flow set them. */
  readonly sender?: string;
  readonly receiver?: string;
  readonly messageType?: string;
  readonly applicationId?: string;
}
