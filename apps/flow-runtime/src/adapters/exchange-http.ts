import { FlowProcessingError, isStreamedBody, type HttpResponse, type StreamedBody } from '@sluice/flow-engine';
import { isUnreachable, unreachableSentence } from '@sluice/service-shell';
import type { Dispatcher } from 'undici';
import type { Readable } from 'node:stream';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

export interface HttpExchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string | StreamedBody | null;
  readonly maximumResponseBytes: number;
  /** Ends the exchange, however far it is. */
  readonly signal: AbortSignal;
}

/** Failures before a byte of the request was sent: any method may be tried again. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const interrupted = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
/** RFC 9110 §9.2.2: sent twice, they do what they do once. */
const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

/** A call that got no answer. */
export class NoAnswer extends FlowProcessingError {
  constructor(
    code: 'receiver-failed' | 'receiver-timeout',
    message: string,
    cause: unknown,
    /** Whether the request may be sent again without being carried out twice. */
    readonly mayRepeat: boolean,
  ) {
    super(code, message, { cause });
  }
}

/**
 * Sends one request and reads its answer whole. Redirects are answers like others. An answer counts, too, when it comes before
 * the end of a streamed body: the connection then ends, and no more is taken from the sender.
 * @throws the failure of a streamed body @throws NoAnswer; its message names the address without its query, which may hold a secret
 */
export async function exchangeHttp(dispatcher: Dispatcher, exchange: HttpExchange): Promise<HttpResponse> {
  const { method, signal, maximumResponseBytes } = exchange;
  const url = new URL(exchange.url);
  const where = `${url.origin}${url.pathname}`;
  const streamed = isStreamedBody(exchange.body) ? exchange.body : undefined;
  try {
    const response = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: method as Dispatcher.HttpMethod,
      headers: headersOf(exchange, streamed),
      body: streamed ? iterated(streamed) : (exchange.body as Uint8Array | string | null),
      signal,
      // The signal alone ends it: it also covers what comes before and after these.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const headers = joinHeaders(response.headers);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += (chunk as Buffer).length;
      // Leaving the loop ends the connection: the rest is not read.
      if (length > maximumResponseBytes)
        throw new FlowProcessingError(
          'receiver-failed',
          `${where} answered with more than the ${maximumResponseBytes} bytes allowed.`,
        );
      chunks.push(chunk as Buffer);
    }
    // It may have failed while the last of the answer came in.
    if (streamed?.failure) throw streamed.failure;
    return { status: response.statusCode, headers, body: decodeContent(Buffer.concat(chunks), headers, exchange) };
  } catch (error) {
    if (error instanceof FlowProcessingError) throw error;
    if (signal.aborted) throw new NoAnswer('receiver-timeout', `${where} did not answer in time.`, error, false);
    const code = codeOf(error);
    throw new NoAnswer(
      'receiver-failed',
      `${where} could not be called: ${isUnreachable(error) ? unreachableSentence : code}.`,
      error,
      neverSent.has(code) || (interrupted.has(code) && idempotent.has(method)),
    );
  } finally {
    streamed?.close();
  }
}

/** RFC 9112 §6.2: the length is said where it is known; the client sends in chunks otherwise. */
function headersOf({ headers }: HttpExchange, streamed: StreamedBody | undefined): Readonly<Record<string, string>> {
  return streamed?.length === undefined ? headers : { ...headers, 'content-length': String(streamed.length) };
}

/** The client takes any async iterable and waits for the receiver between two chunks; its types know of streams alone. */
function iterated(streamed: StreamedBody): Readable {
  return streamed.chunks() as Readable;
}

function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value;
  return joined;
}

/** Takes the content coding off (RFC 9110 §8.4), if it is one that is known; what comes out has the same limit. */
function decodeContent(body: Buffer, headers: Record<string, string>, exchange: HttpExchange): Uint8Array {
  const coding = headers['content-encoding']?.trim().toLowerCase();
  if (coding === undefined || coding === 'identity' || body.length === 0) return body;
  const decode =
    coding === 'gzip' || coding === 'x-gzip'
      ? gunzipSync
      : coding === 'deflate'
        ? inflateSync
        : coding === 'br'
          ? brotliDecompressSync
          : undefined;
  if (decode === undefined)
    throw new FlowProcessingError('receiver-failed', `The answer has the content coding "${coding.slice(0, 40)}".`);
  try {
    const decoded = decode(body, { maxOutputLength: exchange.maximumResponseBytes });
    delete headers['content-encoding'];
    return decoded;
  } catch (error) {
    const tooLarge = codeOf(error) === 'ERR_BUFFER_TOO_LARGE';
    throw new FlowProcessingError(
      'receiver-failed',
      tooLarge
        ? `The answer is larger than the ${exchange.maximumResponseBytes} bytes allowed once its ${coding} coding is taken off.`
        : `The answer is not ${coding}, though it says so.`,
      { cause: error },
    );
  }
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  if (cause !== undefined) return codeOf(cause);
  return error instanceof Error ? error.message.slice(0, 200) : 'unknown';
}
