import { Gunzip, gzipSync, Unzip, UnzipInflate, zipSync } from 'fflate';
import type { StepWork } from '../compile/compiled-flow.js';
import { FlowProcessingError } from '@sluice/domain';
import type { DecodeStep, EncodeStep } from '../model/step-definition.js';

/** Largest body a decompression may give; what would be more is refused while it is still small. */
const MAXIMUM_OUTPUT = 64 * 1024 * 1024;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

export function compileEncode(step: EncodeStep): StepWork {
  switch (step.encoding) {
    case 'Base64':
      return (run) => {
        run.message.body = toBase64(run.message.bytes());
      };
    case 'GZIP':
      return (run) => {
        run.message.body = gzipSync(run.message.bytes());
        run.message.headers.set('Content-Encoding', 'gzip');
      };
    case 'ZIP':
      return (run) => {
        const name = run.message.headers.get('CamelFileName');
        run.message.body = zipSync(
          { [typeof name === 'string' && name !== '' ? name : run.exchangeId]: run.message.bytes() },
          { mtime: run.now() },
        );
        run.message.headers.set('Content-Type', 'application/zip');
      };
  }
}

export function compileDecode(step: DecodeStep): StepWork {
  switch (step.encoding) {
    case 'Base64':
      return (run) => {
        run.message.body = fromBase64(run.message.text());
      };
    case 'GZIP':
      return (run) => {
        run.message.body = gunzip(run.message.bytes());
      };
    case 'ZIP':
      return (run) => {
        const { name, content } = unzipFirst(run.message.bytes());
        run.message.body = content;
        run.message.headers.set('CamelFileName', name);
      };
  }
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

/** @throws FlowProcessingError `encoding-failed` */
export function fromBase64(text: string): Uint8Array {
  const compact = text.replace(/\s+/g, '');
  const digits = compact.replace(/=+$/, '');
  if (!BASE64.test(compact) || digits.length % 4 === 1)
    throw new FlowProcessingError('encoding-failed', 'The body is not Base64.');
  const binary = atob(digits.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** Collects decompressed chunks up to the limit. */
class BoundedOutput {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  add(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > MAXIMUM_OUTPUT)
      throw new FlowProcessingError(
        'limit-exceeded',
        `The body would be more than ${MAXIMUM_OUTPUT} bytes when decompressed.`,
      );
    this.#chunks.push(chunk);
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}

/** Input goes in small pieces, so that the output of one piece stays small as well. */
function inPieces(bytes: Uint8Array, push: (piece: Uint8Array, last: boolean) => void): void {
  const size = 16 * 1024;
  for (let at = 0; at < bytes.length; at += size) push(bytes.subarray(at, at + size), at + size >= bytes.length);
}

function gunzip(bytes: Uint8Array): Uint8Array {
  const output = new BoundedOutput();
  let finished = false;
  try {
    const stream = new Gunzip((chunk, final) => {
      output.add(chunk);
      finished = final;
    });
    inPieces(bytes, (piece, last) => stream.push(piece, last));
  } catch (error) {
    throw failed(error, 'The body is not GZIP');
  }
  if (!finished) throw new FlowProcessingError('encoding-failed', 'The body is not GZIP: it ends too early.');
  return output.bytes();
}

/** @returns the first file of a ZIP, as the reference takes it */
function unzipFirst(bytes: Uint8Array): { name: string; content: Uint8Array } {
  const output = new BoundedOutput();
  let name: string | null = null;
  let complete = false;
  try {
    const stream = new Unzip((file) => {
      if (name !== null || file.name.endsWith('/')) return;
      name = file.name;
      file.ondata = (error, chunk, final): void => {
        if (error !== null) throw error;
        output.add(chunk);
        complete = final;
      };
      file.start();
    });
    stream.register(UnzipInflate);
    inPieces(bytes, (piece, last) => stream.push(piece, last));
  } catch (error) {
    throw failed(error, 'The body is not ZIP');
  }
  if (name === null || !complete)
    throw new FlowProcessingError('encoding-failed', 'The body is not a ZIP with a file in it.');
  return { name, content: output.bytes() };
}

function failed(error: unknown, what: string): FlowProcessingError {
  if (error instanceof FlowProcessingError) return error;
  return new FlowProcessingError(
    'encoding-failed',
    `${what}: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}
