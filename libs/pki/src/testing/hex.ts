/** DER for tests, written as hex: another encoder than the one that issues, so that a fault of one is not in both. */

/** One element: its tag and the hex of its content. */
export function hexElement(tag: string, ...content: readonly string[]): string {
  const octets = content.join('');
  const length = octets.length / 2;
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  const written =
    length < 0x80 ? hex(length) : length < 0x100 ? `81${hex(length)}` : `82${hex(length >> 8)}${hex(length & 0xff)}`;
  return tag + written + octets;
}

export const hexSequence = (...content: readonly string[]): string => hexElement('30', ...content);
/** Characters of one octet each. */
export const hexText = (tag: string, text: string): string =>
  hexElement(tag, Buffer.from(text, 'latin1').toString('hex'));
export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
