import { FlowProcessingError } from '../error/flow-errors.js';
import { parseXml } from '../xml/parse-xml.js';
import { serializeXml } from '../xml/serialize-xml.js';
import { XmlNode } from '../xml/xml-node.js';
import { HeaderMap } from './header-map.js';
import type { StreamedBody } from './streamed-body.js';

/** A body in the form it was set in. JSON values come as the text they were written in. */
export type MessageBody = string | Uint8Array | XmlNode | null;

export interface MessageAttachment {
  readonly name: string;
  readonly mediaType: string;
  readonly content: string | Uint8Array;
}

const decoders = new Map<string, TextDecoder>();
const encoder = new TextEncoder();

/**
 * A message on its way through a flow. Header names ignore case, property names do not. The body is converted only when a
 * step asks for another form, and each form is kept until the body is set again.
 */
export class Message {
  headers: HeaderMap;
  properties: Map<string, unknown>;
  attachments: readonly MessageAttachment[] = [];
  #body: MessageBody;
  #text: string | null = null;
  #bytes: Uint8Array | null = null;
  #document: XmlNode | null = null;
  /** Set while the body is still to come. */
  #streamed: StreamedBody | null = null;

  constructor(
    init: {
      headers?: HeaderMap | Iterable<readonly [string, unknown]>;
      properties?: Iterable<readonly [string, unknown]>;
      body?: MessageBody;
    } = {},
  ) {
    this.headers = init.headers instanceof HeaderMap ? init.headers : new HeaderMap(init.headers);
    this.properties = new Map(init.properties);
    this.#body = init.body ?? null;
  }

  get body(): MessageBody {
    if (this.#body === null) this.#mustBeThere();
    return this.#body;
  }

  set body(body: MessageBody) {
    this.#body = body;
    this.#text = null;
    this.#bytes = null;
    this.#document = null;
  }

  /** Makes a body that is still to come the message's own. */
  awaitBody(streamed: StreamedBody): void {
    this.body = null;
    this.#streamed = streamed;
  }

  /** @returns the body that is still to come, or null when there is none or another was set; the message is empty from then on */
  takeStreamed(): StreamedBody | null {
    const streamed = this.#streamed;
    if (streamed !== null) this.#streamed = null;
    return this.#body === null ? streamed : null;
  }

  /** Whoever would take a body that has not come for an empty one would lose it. */
  #mustBeThere(): void {
    if (this.#streamed !== null)
      throw new FlowProcessingError('internal', 'The body is passed on as it comes, and cannot be read here.');
  }

  /** The header Content-Type, or undefined. */
  get contentType(): string | undefined {
    const value = this.headers.get('content-type');
    return typeof value === 'string' ? value : undefined;
  }

  get isEmpty(): boolean {
    const body = this.body;
    return body === null || (body instanceof XmlNode ? false : body.length === 0);
  }

  /** The body as text: bytes are decoded by the charset of Content-Type, the XML declaration or a byte order mark, else as UTF-8. */
  text(): string {
    if (typeof this.#body === 'string') return this.#body;
    if (this.#text === null) {
      if (this.#body === null) {
        this.#mustBeThere();
        this.#text = '';
      } else if (this.#body instanceof XmlNode)
        this.#text = serializeXml(this.#body, { declaration: this.#body.kind === 'document' });
      else this.#text = decodeText(this.#body, this.contentType);
    }
    return this.#text;
  }

  /** The body as bytes; text is encoded as UTF-8. */
  bytes(): Uint8Array {
    if (this.#body instanceof Uint8Array) return this.#body;
    this.#bytes ??= encoder.encode(this.text());
    return this.#bytes;
  }

  /**
   * The body as a parsed XML document.
   * @throws FlowProcessingError `xml-malformed`, `xml-limit-exceeded`
   */
  document(): XmlNode {
    if (this.#body instanceof XmlNode && this.#body.kind === 'document') return this.#body;
    this.#document ??= parseXml(this.text());
    return this.#document;
  }

  /**
   * The body as a JSON value; a fresh one for each call.
   * @throws FlowProcessingError `json-malformed`
   */
  json(): unknown {
    const text = this.text();
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      const reason = text.trim() === '' ? 'it is empty' : (error as Error).message;
      throw new FlowProcessingError('json-malformed', `The body is not JSON: ${reason}`, { cause: error });
    }
  }

  /** @returns a copy with headers and properties of its own; the body is shared, as it is never changed in place */
  clone(): Message {
    this.#mustBeThere();
    const copy = new Message();
    copy.headers = this.headers.clone();
    copy.properties = new Map(this.properties);
    copy.attachments = this.attachments;
    copy.#body = this.#body;
    copy.#text = this.#text;
    copy.#bytes = this.#bytes;
    copy.#document = this.#document;
    return copy;
  }
}

/** Decodes bytes to text. An unknown charset falls back to UTF-8, as a sender's wrong label must not lose the message. */
export function decodeText(bytes: Uint8Array, contentType?: string): string {
  return decoderFor(charsetOf(bytes, contentType)).decode(bytes);
}

function charsetOf(bytes: Uint8Array, contentType: string | undefined): string {
  const labelled = contentType === undefined ? null : /charset\s*=\s*"?([\w.:-]{1,40})/i.exec(contentType);
  if (labelled?.[1] !== undefined) return labelled[1];
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes[0] === 0x3c && bytes[1] === 0x3f) {
    const declaration = decoderFor('latin1').decode(bytes.subarray(0, 120));
    const encoding = /^<\?xml[^>]{1,60}encoding\s*=\s*["']([\w.:-]{1,40})/.exec(declaration);
    if (encoding?.[1] !== undefined) return encoding[1];
  }
  return 'utf-8';
}

function decoderFor(charset: string): TextDecoder {
  const key = charset.toLowerCase();
  let decoder = decoders.get(key);
  if (decoder === undefined) {
    try {
      decoder = new TextDecoder(key);
    } catch {
      return decoderFor('utf-8');
    }
    decoders.set(key, decoder);
  }
  return decoder;
}
