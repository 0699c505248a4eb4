import type { SenderAuthentication, SenderAuthorization, SubjectAndIssuer } from '@sluice/domain';

export type { SenderAuthorization };
/** RFC 4514 strings. */
export type DistinguishedNamePair = SubjectAndIssuer;

/** What every sender channel has: its own id, a name for people, and the process a message starts in. */
interface SenderBase {
  readonly id: string;
  readonly name: string;
  /** Id of the process that a message of this channel starts. */
  readonly process: string;
}

/** What the three adapters that listen on HTTP have in common. */
export interface HttpSenderSettings extends SenderBase {
  /** Begins with `/`; `/*` is allowed at its end only. The endpoint is `/http` followed by it. */
  readonly address: string;
  readonly authorization: SenderAuthorization;
  /** By what a caller may show who it is; absent: what `admittedBy` of the domain says. */
  readonly authentication?: readonly SenderAuthentication[];
  /** Largest accepted body in megabytes (1 MB = 1,048,576 bytes). */
  readonly maximumBodySizeMb: number;
  /** Names, or patterns with `*` at the end, of request headers handed to the flow; `['*']` lets all of them in. */
  readonly allowedHeaders: readonly string[];
  /** Messages of the flow worked on at once, and those that wait for their turn; absent: the runtime's defaults. */
  readonly maximumConcurrency?: number;
  readonly maximumQueued?: number;
  readonly csrfProtection: boolean;
  /** Whether a failure's text is shown to the sender. */
  readonly returnExceptionToSender: boolean;
}

export interface HttpsSender extends HttpSenderSettings {
  readonly adapter: 'HTTPS';
}

/** The body of the SOAP envelope becomes the message; the answer is wrapped again, or is a bare 202 for `OneWay`. */
export interface SoapSender extends HttpSenderSettings {
  readonly adapter: 'SOAP';
  readonly messageExchangePattern: 'OneWay' | 'RequestReply';
}

/** An IDoc in a SOAP envelope. */
export interface IdocSender extends HttpSenderSettings {
  readonly adapter: 'IDOC';
}

export interface ProcessDirectSender extends SenderBase {
  readonly adapter: 'ProcessDirect';
  readonly address: string;
}

/** When a timer starts the process. `cron` is a Quartz expression: second minute hour day month weekday [year]. */
export type TimerSchedule =
  { readonly kind: 'once' } | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string };

export interface TimerSender extends SenderBase {
  readonly adapter: 'Timer';
  readonly schedule: TimerSchedule;
}

export type HttpSender = HttpsSender | SoapSender | IdocSender;
export type SenderChannel = HttpSender | ProcessDirectSender | TimerSender;

/** How an outbound HTTP call proves who it is. `credential` and `keyAlias` name entries of the runtime's credential store. */
export type ReceiverAuthentication =
  | { readonly type: 'None' }
  | { readonly type: 'Basic'; readonly credential: string }
  | { readonly type: 'OAuth2ClientCredentials'; readonly credential: string }
  | { readonly type: 'ClientCertificate'; readonly keyAlias: string };

interface ReceiverBase {
  readonly id: string;
  readonly name: string;
}

/** All texts may hold Simple expressions. */
export interface HttpReceiver extends ReceiverBase {
  readonly adapter: 'HTTP';
  readonly address: string;
  readonly query: string;
  /** GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS, TRACE, or an expression that gives one. */
  readonly method: string;
  readonly sendBody: boolean;
  readonly timeoutMs: number;
  readonly authentication: ReceiverAuthentication;
  /** Names or patterns of the message headers sent along; empty: none but Content-Type, Accept and the like. */
  readonly requestHeaders: readonly string[];
  readonly responseHeaders: readonly string[];
  readonly throwOnFailure: boolean;
  /** Repeats after a failed connection, 0 for none. */
  readonly retries: number;
  readonly retryIntervalMs: number;
}

/** SOAP 1.1 or 1.2 over HTTP: the body is put into an envelope, the answer taken out of one. */
export interface SoapReceiver extends ReceiverBase {
  readonly adapter: 'SOAP';
  readonly address: string;
  readonly soapVersion: '1.1' | '1.2';
  readonly soapAction: string;
  readonly timeoutMs: number;
  readonly authentication: ReceiverAuthentication;
  readonly cleanupHeaders: boolean;
}

export interface ProcessDirectReceiver extends ReceiverBase {
  readonly adapter: 'ProcessDirect';
  readonly address: string;
}

/** One mail for each message. */
export interface MailReceiver extends ReceiverBase {
  readonly adapter: 'Mail';
  /** `host:port` */
  readonly server: string;
  readonly security: 'off' | 'starttls_required' | 'starttls_optional' | 'smtps';
  readonly authentication: 'none' | 'loginPlain' | 'loginEncrypted';
  readonly credential: string;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
  readonly subject: string;
  readonly body: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly timeoutMs: number;
}

export type ReceiverChannel = HttpReceiver | SoapReceiver | ProcessDirectReceiver | MailReceiver;
