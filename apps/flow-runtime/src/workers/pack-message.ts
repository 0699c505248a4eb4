import { FlowProcessingError, HeaderMap, Message, valueToText } from '@sluice/flow-engine';
import type { PackedBody, PackedError, PackedMessage } from './worker-frames.js';

/** @param parts takes what the message holds beside its head; properties stay behind, as they belong to one flow */
export function packMessage(message: Message, parts: Uint8Array[]): PackedMessage {
  const headers: [string, unknown][] = [];
  message.headers.forEach((name, value) => headers.push([name, plain(value)]));
  return {
    headers,
    body: message.body === null ? null : packBody(bodyOf(message), parts),
    attachments: message.attachments.map(({ name, mediaType, content }) => ({
      name,
      mediaType,
      content: packBody(content, parts),
    })),
  };
}

export function unpackMessage(packed: PackedMessage, parts: readonly Uint8Array[]): Message {
  const message = new Message({
    headers: new HeaderMap(packed.headers),
    body: packed.body === null ? null : unpackBody(packed.body, parts),
  });
  message.attachments = packed.attachments.map(({ name, mediaType, content }) => ({
    name,
    mediaType,
    content: unpackBody(content, parts),
  }));
  return message;
}

function packBody(body: string | Uint8Array, parts: Uint8Array[]): PackedBody {
  if (typeof body !== 'string') return { kind: 'bytes', part: parts.push(body) - 1 };
  // UTF-8 has no half of a surrogate pair, and a text arrives as it was.
  return body.isWellFormed()
    ? { kind: 'text', part: parts.push(Buffer.from(body)) - 1 }
    : { kind: 'utf16', part: parts.push(Buffer.from(body, 'utf16le')) - 1 };
}

function unpackBody({ kind, part }: PackedBody, parts: readonly Uint8Array[]): string | Uint8Array {
  const bytes = parts[part] ?? new Uint8Array();
  if (kind === 'bytes') return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(kind === 'text' ? 'utf8' : 'utf16le');
}

function bodyOf(message: Message): string | Uint8Array {
  return message.body instanceof Uint8Array ? message.body : message.text();
}

function plain(value: unknown): unknown {
  return typeof value === 'string' ||
    typeof value === 'boolean' ||
    value === null ||
    (typeof value === 'number' && Number.isFinite(value))
    ? value
    : valueToText(value);
}

export function packError(error: unknown): PackedError {
  if (!(error instanceof FlowProcessingError))
    return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
  const { code, message, responseCode, responseBody, responseHeaders } = error;
  return { code, message, responseCode, responseBody, responseHeaders };
}

export function unpackError({
  code,
  message,
  responseCode,
  responseBody,
  responseHeaders,
}: PackedError): FlowProcessingError {
  return new FlowProcessingError(code, message, {
    ...(responseCode === undefined ? {} : { responseCode }),
    ...(responseBody === undefined ? {} : { responseBody }),
    ...(responseHeaders === undefined ? {} : { responseHeaders }),
  });
}
