/** The few encoders that requests need; certificates are built elsewhere. */

/** An element: tag, shortest length, contents one after another. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const header = [tag];
  if (length < 0x80) header.push(length);
  else {
    const octets: number[] = [];
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
    header.push(0x80 | octets.length, ...octets);
  }
  const written = new Uint8Array(header.length + length);
  written.set(header);
  let at = header.length;
  for (const content of contents) {
    written.set(content, at);
    at += content.length;
  }
  return written;
}

/** OBJECT IDENTIFIER of a dotted string whose arcs are below 2^31. */
export function encodeOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128));
    octets.push(...groups);
  }
  return element(0x06, new Uint8Array(octets));
}
