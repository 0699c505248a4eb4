/**
 * DER as a tree that can be changed and written again with the lengths put right. A reader of its own, lenient on purpose:
 * what it cannot split further is a leaf.
 */
export interface DerNode {
  tag: number;
  /** Content that is not split; used when there are no children. */
  content: Uint8Array;
  children: DerNode[] | undefined;
  /** Octets before the children: the count of unused bits of a BIT STRING. */
  prefix: Uint8Array;
}

interface Header {
  readonly contentStart: number;
  readonly end: number;
}

function readHeader(bytes: Uint8Array, at: number, end: number): Header | undefined {
  const length = bytes[at + 1];
  if (at + 2 > end || length === undefined) return undefined;
  let size = length;
  let contentStart = at + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0 || octets > 3 || contentStart + octets > end) return undefined;
    size = 0;
    for (let index = 0; index < octets; index++) size = size * 256 + (bytes[contentStart + index] as number);
    contentStart += octets;
  }
  return contentStart + size > end ? undefined : { contentStart, end: contentStart + size };
}

/** The elements that fill the range exactly, or undefined. */
export function readNodes(bytes: Uint8Array, start = 0, end = bytes.length, depth = 0): DerNode[] | undefined {
  const nodes: DerNode[] = [];
  for (let at = start; at < end;) {
    const header = readHeader(bytes, at, end);
    if (header === undefined || depth > 20) return undefined;
    const tag = bytes[at] as number;
    const isBitString = tag === 0x03;
    const inside = (tag & 0x20) !== 0 || tag === 0x04 || isBitString;
    const childStart = header.contentStart + (isBitString ? 1 : 0);
    const children =
      inside && childStart < header.end ? readNodes(bytes, childStart, header.end, depth + 1) : undefined;
    nodes.push({
      tag,
      content: bytes.slice(header.contentStart, header.end),
      children,
      prefix: isBitString && children ? bytes.slice(header.contentStart, childStart) : new Uint8Array(0),
    });
    at = header.end;
  }
  return nodes;
}

/** Writes nodes with shortest lengths. */
export function writeNodes(nodes: readonly DerNode[]): Uint8Array {
  return Buffer.concat(
    nodes.map((node) => {
      const content =
        node.children === undefined ? node.content : Buffer.concat([node.prefix, writeNodes(node.children)]);
      return Buffer.concat([Uint8Array.from([node.tag, ...lengthOctets(content.length)]), content]);
    }),
  );
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return [0x80 | octets.length, ...octets];
}

/** Every node with the list that holds it. */
export function everyNode(
  nodes: DerNode[],
  found: { list: DerNode[]; index: number }[] = [],
): { list: DerNode[]; index: number }[] {
  nodes.forEach((node, index) => {
    found.push({ list: nodes, index });
    if (node.children !== undefined) everyNode(node.children, found);
  });
  return found;
}
