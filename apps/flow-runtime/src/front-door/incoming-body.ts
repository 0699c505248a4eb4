import { FlowProcessingError, type StreamedBody } from '@sluice/flow-engine';
import type { IncomingMessage } from 'node:http';
import { tookChunk } from '../event-loop/collect-chunks.js';
import { askForBody } from './awaited-body.js';

/** A declared length up to this, in bytes, is gathered: about as much as waits in the stream anyway. */
const maxGathered = 64 * 1024;

/**
 * Whether a request is one whose body is passed on as it comes, where the flow allows it. One over the limit is not, nor one with
 * a content coding, which is taken off first.
 */
export function comesAsStream(request: IncomingMessage, limit: number): boolean {
  if (request.headers['content-encoding'] !== undefined) return false;
  const declared = request.headers['content-length'];
  if (declared === undefined) return request.headers['transfer-encoding'] !== undefined;
  const length = Number(declared);
  return length > maxGathered && length <= limit;
}

interface Asked {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The body of a request, a chunk for each time one is asked for. Between two questions nothing is read, so that a slow
 * receiver makes the sender wait and not the runtime grow.
 */
export class IncomingBody implements StreamedBody {
  readonly length: number | undefined;
  readonly #request: IncomingMessage;
  readonly #limit: number;
  /** In bytes. */
  #came = 0;
  #taken = false;
  #ended = false;
  #closed = false;
  #failure: FlowProcessingError | undefined;
  readonly #chunks: Uint8Array[] = [];
  #asked: Asked | undefined;

  /** @param limit in bytes, for what comes */
  constructor(request: IncomingMessage, limit: number) {
    const declared = request.headers['content-length'];
    this.length = declared === undefined ? undefined : Number(declared);
    this.#request = request;
    this.#limit = limit;
    const gone = (cause?: Error) =>
      this.#fail(new FlowProcessingError('sender-gone', 'The sender went away before the end of its body.', { cause }));
    // Whoever goes away may do so before anybody reads, or while the call was decided.
    if (request.destroyed) gone();
    else request.on('error', gone);
  }

  get failure(): FlowProcessingError | undefined {
    return this.#failure;
  }

  /** Whether more came than the limit allows. */
  get overLimit(): boolean {
    return this.#came > this.#limit;
  }

  chunks(): AsyncIterable<Uint8Array> {
    if (this.#taken) throw new Error('The body of a request is there once only.');
    this.#taken = true;
    const request = this.#request;
    askForBody(request);
    request.pause();
    request.on('data', this.#onData);
    request.on('end', () => {
      this.#ended = true;
      this.#answer();
    });
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const request = this.#request;
    request.off('data', this.#onData);
    this.#chunks.length = 0;
    // What is here to its end is thrown away; what is not stays with the sender.
    if (request.complete) request.resume();
    else request.pause();
    this.#answer();
  }

  #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#answer();
      if (this.#asked) this.#request.resume();
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#request.pause();
    this.#came += chunk.length;
    tookChunk(chunk.length);
    if (this.overLimit) {
      this.#fail(new FlowProcessingError('limit-exceeded', 'The body is larger than the channel allows.'));
      return;
    }
    this.#chunks.push(chunk);
    this.#answer();
  };

  #fail(failure: FlowProcessingError): void {
    // What happens to a body nobody wants any more is no failure of the message.
    if (this.#closed || this.#ended) return;
    this.#failure ??= failure;
    this.#answer();
  }

  /** Never says that the body has ended when it has not: the receiver would take the part for the whole. */
  #answer(): void {
    const asked = this.#asked;
    if (!asked) return;
    const chunk = this.#chunks[0];
    this.#asked = undefined;
    if (this.#failure) asked.reject(this.#failure);
    else if (this.#closed) asked.reject(new Error('Nothing more is wanted of the body.'));
    else if (chunk) asked.resolve({ done: false, value: this.#chunks.shift() as Uint8Array });
    else if (this.#ended) asked.resolve({ done: true, value: undefined });
    else this.#asked = asked;
  }
}
