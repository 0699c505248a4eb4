import { decodePemBlocks, MalformedPem } from './decode-pem.js';

const sequenceTag = 0x30;
const begin = '-----BEGIN ';

/**
 * The one structure of a file that is DER, or PEM as people have it: with a byte order mark, blank lines, blanks before its
 * lines, the output of `openssl … -text` before it, in UTF-16 as PowerShell writes it.
 * @param label of the PEM block: `X509 CRL`
 * @returns DER, unread: what is neither comes back as it is, for its parser to tell what is wrong with it
 * @throws {MalformedPem} when it is PEM of something else, or of more than one thing
 */
export function readDerOrPem(content: Uint8Array, label: string): Uint8Array {
  if (isWholeElement(content)) return content;
  const text = toText(content);
  if (!text.includes(begin)) return content;
  const blocks = decodePemBlocks(text);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1)
    throw new MalformedPem(`The text holds ${blocks.length} PEM blocks where one ${label} is wanted.`);
  if (block.label !== label) throw new MalformedPem(`The text holds a ${block.label} where one ${label} is wanted.`);
  return block.der;
}

/** A SEQUENCE whose length is that of the content: no text begins so and ends where it says. */
function isWholeElement(content: Uint8Array): boolean {
  const [tag, length] = content;
  if (tag !== sequenceTag || length === undefined) return false;
  if (length < 0x80) return content.length === 2 + length;
  const octets = length & 0x7f;
  let value = 0;
  for (let at = 0; at < octets; at++) value = value * 256 + (content[2 + at] ?? 0);
  return content.length === 2 + octets + value;
}

function toText(content: Uint8Array): string {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  const [first, second] = content;
  if (first === 0xff && second === 0xfe) return bytes.toString('utf16le');
  return bytes.toString('utf8');
}
