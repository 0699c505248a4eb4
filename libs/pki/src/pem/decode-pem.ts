/** Thrown when text holds no usable PEM block. */
export class MalformedPem extends Error {
  readonly code = 'malformed-pem';
  constructor(problem: string) {
    super(`${problem} Paste the text from -----BEGIN …----- to -----END …----- as it is in the file.`);
    this.name = 'MalformedPem';
  }
}

export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

const boundary = /-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,63}?)-----([^-]*)-----END \1-----/g;

/**
 * The blocks of a PEM text in their order. Line breaks may be real, written as `\n`, replaced by blanks or lost: PEM
 * often travels as one line of JSON. Text between blocks is explanatory (RFC 7468 section 2) and skipped.
 * @throws {MalformedPem} if there is no block, a block is not closed, or its content is not base64
 */
export function decodePemBlocks(text: string): PemBlock[] {
  const unescaped = text.replace(/\\r\\n|\\n|\\r/g, '\n').replace(/^\uFEFF/, '');
  const blocks: PemBlock[] = [];
  for (const match of unescaped.matchAll(boundary))
    blocks.push({ label: match[1] as string, der: decodeBase64(match[2] as string) });
  const begun = unescaped.match(/-----BEGIN /g)?.length ?? 0;
  if (blocks.length === 0 && begun === 0) throw new MalformedPem('The text holds no PEM block.');
  if (blocks.length !== begun) throw new MalformedPem('A PEM block has no matching end line.');
  return blocks;
}

function decodeBase64(body: string): Uint8Array {
  const compact = body.replace(/\s+/g, '');
  if (compact.length === 0) throw new MalformedPem('A PEM block is empty.');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact))
    throw new MalformedPem('A PEM block holds something that is not base64.');
  const der = Buffer.from(compact, 'base64');
  // Bits beyond the last octet must be zero, or two texts would stand for one certificate (RFC 4648 3.5).
  if (der.toString('base64') !== compact) throw new MalformedPem('A PEM block holds base64 that is not canonical.');
  return new Uint8Array(der.buffer, der.byteOffset, der.length);
}

/**
 * The certificates of a PEM text, as DER, in their order; the three spellings of line breaks as in {@link decodePemBlocks}.
 * @throws {MalformedPem} also if a block is labelled otherwise, so that a private key pasted by mistake is not passed over
 */
export function decodePem(text: string): Uint8Array[] {
  return decodePemBlocks(text).map(({ label, der }) => {
    if (label !== 'CERTIFICATE' && label !== 'X509 CERTIFICATE')
      throw new MalformedPem(`The text holds a ${label} where a CERTIFICATE is wanted.`);
    return der;
  });
}
