/** Why a message failed. */
export type FlowErrorCode =
  | 'expression-failed'
  | 'xml-malformed'
  | 'xml-limit-exceeded'
  | 'json-malformed'
  | 'csv-malformed'
  | 'conversion-failed'
  | 'charset-failed'
  | 'encoding-failed'
  | 'validation-failed'
  | 'mapping-failed'
  | 'no-route'
  | 'split-failed'
  | 'gather-failed'
  | 'receiver-failed'
  | 'receiver-timeout'
  | 'sender-gone'
  | 'process-direct-failed'
  | 'data-store-failed'
  | 'data-store-duplicate'
  /** The store cannot be reached or written on now; the same message may be processed later. */
  | 'store-unavailable'
  | 'data-store-missing'
  | 'variable-failed'
  | 'script-failed'
  | 'port-missing'
  | 'error-end'
  | 'escalation-end'
  | 'limit-exceeded'
  | 'deadline-exceeded'
  | 'internal';

/** A failure while a message is processed. An exception subprocess may still turn it into an answer. */
export class FlowProcessingError extends Error {
  override readonly name: string = 'FlowProcessingError';
  readonly code: FlowErrorCode;
  /** Status, body and headers a receiver answered with, when its answer was the failure. */
  readonly responseCode?: number;
  readonly responseBody?: string;
  readonly responseHeaders?: Readonly<Record<string, string>>;

  constructor(
    code: FlowErrorCode,
    message: string,
    options: {
      cause?: unknown;
      responseCode?: number;
      responseBody?: string;
      responseHeaders?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.responseCode !== undefined) this.responseCode = options.responseCode;
    if (options.responseBody !== undefined) this.responseBody = options.responseBody;
    if (options.responseHeaders !== undefined) this.responseHeaders = options.responseHeaders;
  }
}

/** @returns the failure itself if it is typed, else one with the code `internal` */
export function toProcessingError(error: unknown, code: FlowErrorCode = 'internal'): FlowProcessingError {
  if (error instanceof FlowProcessingError) return error;
  if (error instanceof RangeError && /invalid (string|array|typed array) length|allocation failed/i.test(error.message))
    return new FlowProcessingError('limit-exceeded', 'The message became larger than what can be held.', {
      cause: error,
    });
  // A stack overflow is what unbounded nesting in a payload ends in when no earlier limit caught it.
  if (error instanceof RangeError)
    return new FlowProcessingError('limit-exceeded', 'The message is nested too deeply.', { cause: error });
  return new FlowProcessingError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
