import iconv from 'iconv-lite';
import { FlowProcessingError } from '@sluice/domain';

/** What the library knows beside charsets: codings of bytes, and UTF-7, whose text can hide markup. */
const NOT_CHARSETS = /^(hex|base64|binary|ucs2|utf7|utf7imap|unicode11utf7)$/;
const LABEL = /charset\s*=\s*"?([\w.:+-]{1,40})/i;
const DECLARATION = /^(<\?xml\b[^>]{0,100}?)(\sencoding\s*=\s*)(["'])([\w.:-]{1,40})\3/;
const BYTE_ORDER_MARK = 0xfeff;

interface Codec {
  /** @returns the text without a byte order mark @throws FlowProcessingError `charset-failed` */
  decode(bytes: Uint8Array): string;
  /** @throws FlowProcessingError `charset-failed` */
  encode(text: string): Uint8Array;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();
const codecs = new Map<string, Codec>();

/** @returns the charset that a content type names, or undefined */
export function labelOf(contentType: string | undefined): string | undefined {
  return contentType === undefined ? undefined : LABEL.exec(contentType)?.[1];
}

/** @returns the content type with the charset named */
export function withLabel(contentType: string, charset: string): string {
  return LABEL.test(contentType)
    ? contentType.replace(/charset\s*=\s*(?:"[^"]*"|[^;\s]*)/i, `charset=${charset}`)
    : `${contentType}; charset=${charset}`;
}

/**
 * Decodes by byte order mark, charset of the content type and XML declaration, in this order (RFC 7303 §3), else as UTF-8.
 * @throws FlowProcessingError `charset-failed` for bytes that are not of that charset, and for a charset that is not known
 */
export function decodeText(bytes: Uint8Array, contentType?: string): string {
  return codecOf(charsetOf(bytes, contentType)).decode(bytes);
}

/** For logs and error messages only: what is not of its charset is shown as U+FFFD. */
export function showText(bytes: Uint8Array, contentType?: string): string {
  try {
    return decodeText(bytes, contentType);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/**
 * @returns the charset for text: the one asked for, else the label of the content type, else the XML declaration, else UTF-8
 * @param asked by the flow, in CamelCharsetName
 */
export function charsetToWrite(text: string, asked: string | undefined, contentType: string | undefined): string {
  const label = asked ?? labelOf(contentType);
  if (label !== undefined) return label;
  const declared = startsAsXml(text) ? DECLARATION.exec(text)?.[4] : undefined;
  return declared === undefined || !isKnown(declared) ? 'UTF-8' : declared;
}

export function isUtf8(charset: string): boolean {
  return charset.length < 7 && keyOf(charset) === 'utf8';
}

/** The declaration of an XML text says the charset it is written in. */
export function declareCharset(text: string, charset: string): string {
  if (!startsAsXml(text)) return text;
  const declared = DECLARATION.exec(text);
  if (declared !== null)
    return keyOf(declared[4] as string) === keyOf(charset)
      ? text
      : text.replace(DECLARATION, (_, before: string, encoding: string) => `${before}${encoding}"${charset}"`);
  return isUtf8(charset) ? text : text.replace(/^<\?xml\s+version\s*=\s*["'][\d.]+["']/, `$& encoding="${charset}"`);
}

/**
 * @returns the bytes of a text
 * @throws FlowProcessingError `charset-failed` for a character the charset lacks, and for a charset that is not known
 */
export function encodeText(text: string, charset: string): Uint8Array {
  return codecOf(charset).encode(text);
}

/** @throws FlowProcessingError `charset-failed` for half a surrogate pair, which no charset has */
export function mustBeWellFormed(text: string): void {
  if (text.isWellFormed()) return;
  const at = text.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/);
  throw failure(`The body cannot be written: it holds half a surrogate pair at character ${at}.`);
}

function startsAsXml(text: string): boolean {
  return text.charCodeAt(0) === 0x3c && text.charCodeAt(1) === 0x3f;
}

function charsetOf(bytes: Uint8Array, contentType: string | undefined): string {
  const label = labelOf(contentType);
  const marked = byteOrderMarkOf(bytes);
  // In a text of one byte per character the same bytes are letters.
  if (marked !== undefined && (label === undefined || /^utf/i.test(label) || /xml/i.test(contentType as string)))
    return marked;
  if (label !== undefined) return label;
  // XML 1.0 appendix F: UTF-16 without a mark.
  if (bytes[0] === 0x3c && bytes[1] === 0 && bytes[2] === 0x3f && bytes[3] === 0) return 'UTF-16LE';
  if (bytes[0] === 0 && bytes[1] === 0x3c && bytes[2] === 0 && bytes[3] === 0x3f) return 'UTF-16BE';
  if (bytes[0] === 0x3c && bytes[1] === 0x3f) {
    const declared = DECLARATION.exec(String.fromCharCode(...bytes.subarray(0, 160)))?.[4];
    // One that could be read as bytes is not of two bytes per character, whatever it says.
    if (declared !== undefined && !/^(utf-?16|ucs|iso-10646)/i.test(declared)) return declared;
  }
  return 'UTF-8';
}

function byteOrderMarkOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'UTF-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'UTF-16LE';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'UTF-16BE';
  return undefined;
}

function keyOf(charset: string): string {
  return charset.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function isKnown(charset: string): boolean {
  const key = keyOf(charset);
  return key !== '' && !NOT_CHARSETS.test(key) && (/^utf(8|16|16le|16be)$/.test(key) || iconv.encodingExists(key));
}

function codecOf(charset: string): Codec {
  const known = codecs.get(charset);
  if (known !== undefined) return known;
  if (!isKnown(charset))
    throw failure(`The charset "${charset.slice(0, 40)}" is not known here: use UTF-8, or one that is registered.`);
  const key = keyOf(charset);
  const codec =
    key === 'utf8' ? utf8Codec(charset) : key.startsWith('utf16') ? utf16Codec(charset, key) : otherCodec(charset, key);
  // Names come from senders, in any spelling: the table does not grow without end.
  if (codecs.size < 500) codecs.set(charset, codec);
  return codec;
}

function utf8Codec(name: string): Codec {
  return {
    decode: (bytes) => decodeStrictly(utf8, bytes, name),
    encode: (text) => {
      mustBeWellFormed(text);
      return encoder.encode(text);
    },
  };
}

/** RFC 2781 §4.3: without a mark `UTF-16` is big-endian; it is written with a mark, the other two without (§3.3). */
function utf16Codec(name: string, key: string): Codec {
  const bigEndian = key !== 'utf16le';
  return {
    decode: (bytes) => {
      const little = key === 'utf16' && byteOrderMarkOf(bytes) === 'UTF-16LE';
      return decodeStrictly(
        new TextDecoder(bigEndian && !little ? 'utf-16be' : 'utf-16le', { fatal: true }),
        bytes,
        name,
      );
    },
    encode: (text) => {
      mustBeWellFormed(text);
      const marked = key === 'utf16' ? String.fromCharCode(BYTE_ORDER_MARK) + text : text;
      const bytes = Buffer.from(marked, 'utf16le');
      return bigEndian ? bytes.swap16() : bytes;
    },
  };
}

function otherCodec(name: string, key: string): Codec {
  const decode = (bytes: Uint8Array) => iconv.decode(bytes, key);
  return {
    decode: (bytes) => {
      const text = decode(bytes);
      // None of them has this character but GB 18030: it stands for what could not be read.
      const bad = text.indexOf('\ufffd');
      if (bad !== -1) throw notOf(name, iconv.encode(text.slice(0, bad), key).length);
      return text;
    },
    encode: (text) => {
      mustBeWellFormed(text);
      const bytes = iconv.encode(text, key);
      const back = decode(bytes);
      if (back === text) return bytes;
      let at = 0;
      while (back[at] === text[at]) at++;
      const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      throw failure(
        `The body cannot be written in ${name}, which lacks the character U+${code} at character ${at}. Choose another by CamelCharsetName.`,
      );
    },
  };
}

function decodeStrictly(decoder: TextDecoder, bytes: Uint8Array, name: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw notOf(name, offsetOfBad(decoder, bytes));
  }
}

/** @returns how many bytes are good */
function offsetOfBad(decoder: TextDecoder, bytes: Uint8Array): number {
  const { encoding } = decoder;
  const isGood = (length: number): boolean => {
    try {
      new TextDecoder(encoding, { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isGood(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

function notOf(charset: string, offset: number): FlowProcessingError {
  return failure(
    `The body is not ${charset}: it cannot be read from byte ${offset} on. Name the charset it is written in by Content-Type.`,
  );
}

function failure(message: string): FlowProcessingError {
  return new FlowProcessingError('charset-failed', message);
}
