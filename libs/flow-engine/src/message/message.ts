import { FlowProcessingError } from '@sluice/domain';
import { parseXml, serializeXml, XmlNode } from '@sluice/xml';

import {
  charsetToWrite,
  declareCharset,
  decodeText,
  encodeText,
  isUtf8,
  labelOf,
  mustBeWellFormed,
  showText,
  withLabel,
} from './charset.js';
import { HeaderMap } from './header-map.js';
import type { StreamedBody } from './streamed-body.js';

/** A body in the form it was set in. JSON values come as the text they were written in. */
export type MessageBody = string | Uint8Array | XmlNode | null;

export interface MessageAttachment {
  readonly name: string;
  readonly mediaType: string;
  readonly content: string | Uint8Array;
}

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
  /** Of the content type that the text was read by. */
  #textType: string | undefined;
  #bytes: Uint8Array | null = null;
  #unreadable: string | undefined;
  /** Which the bytes were written in. */
  #bytesCharset = '';
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
    this.#unreadable = undefined;
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

  /** Why the text of this body could not be read, when it was asked for. */
  get unreadable(): string | undefined {
    return this.#unreadable;
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

  /**
   * The body as text: bytes are decoded by byte order mark, charset of Content-Type or XML declaration, else as UTF-8.
   * @throws FlowProcessingError `charset-failed` when the bytes are not of that charset
   */
  text(): string {
    const body = this.#body;
    if (typeof body === 'string') return body;
    if (body instanceof Uint8Array) {
      const type = this.contentType;
      if (this.#text === null || this.#textType !== type) {
        try {
          this.#text = decodeText(body, type);
        } catch (error) {
          this.#unreadable = (error as Error).message;
          throw error;
        }
        this.#textType = type;
      }
      return this.#text;
    }
    if (this.#text === null) {
      if (body === null) {
        this.#mustBeThere();
        this.#text = '';
      } else this.#text = serializeXml(body, { declaration: body.kind === 'document' });
    }
    return this.#text;
  }

  /** The body for logs only: what cannot be read is shown as U+FFFD, and nothing fails. */
  shown(): string {
    return this.#body instanceof Uint8Array ? showText(this.#body, this.contentType) : this.text();
  }

  /**
   * The body as bytes. Text is written in the charset the flow asks for by CamelCharsetName (header, else property), else that
   * of Content-Type, else of its XML declaration, else UTF-8; its XML declaration then says that charset.
   * @throws FlowProcessingError `charset-failed` for a character that the charset lacks
   */
  bytes(): Uint8Array {
    if (this.#body instanceof Uint8Array) return this.#body;
    const text = this.text();
    const charset = charsetToWrite(text, this.#charsetAsked, this.contentType);
    if (this.#bytes === null || this.#bytesCharset !== charset) {
      this.#bytes = encodeText(declareCharset(text, charset), charset);
      this.#bytesCharset = charset;
    }
    return this.#bytes;
  }

  /**
   * The body as it goes out: as {@link bytes}, but text that is written as UTF-8 stays text.
   * @throws FlowProcessingError `charset-failed`
   */
  written(): Uint8Array | string {
    if (this.#body instanceof Uint8Array) return this.#body;
    const text = this.text();
    const charset = charsetToWrite(text, this.#charsetAsked, this.contentType);
    if (!isUtf8(charset)) return this.bytes();
    mustBeWellFormed(text);
    return declareCharset(text, charset);
  }

  /** The content type for {@link written}: it names the charset that the flow asked for. Bytes keep their own. */
  get writtenType(): string | undefined {
    const type = this.contentType;
    const asked = this.#charsetAsked;
    if (type === undefined || asked === undefined || this.#streamed !== null || this.#body instanceof Uint8Array)
      return type;
    return labelOf(type) === undefined && isUtf8(asked) ? type : withLabel(type, asked);
  }

  /** Camel reads the header first, then the property. */
  get #charsetAsked(): string | undefined {
    const asked = this.headers.get('camelcharsetname') ?? this.properties.get('CamelCharsetName');
    return typeof asked === 'string' && asked.trim() !== '' ? asked.trim() : undefined;
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
    copy.#textType = this.#textType;
    copy.#bytes = this.#bytes;
    copy.#bytesCharset = this.#bytesCharset;
    copy.#document = this.#document;
    return copy;
  }
}
