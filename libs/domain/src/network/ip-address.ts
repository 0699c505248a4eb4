/** The octets of an address: 4 of IPv4, 16 of IPv6. */
export type Address = readonly number[];

export interface Network {
  readonly address: Address;
  /** Bits that addresses of it share. */
  readonly prefix: number;
}

/** Reads an address in its usual spelling (dotted decimal, RFC 4291 §2.2; a zone is left out). Undefined for anything else. */
export function readAddress(text: string): Address | undefined {
  return text.includes(':') ? readIpv6(text.replace(/%.*$/, '')) : readIpv4(text);
}

/** Reads `address/prefix`, or an address alone. */
export function readNetwork(text: string): Network | undefined {
  const [, start = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = readAddress(start);
  if (!address) return undefined;
  const prefix = bits === undefined ? address.length * 8 : Number(bits);
  return prefix <= address.length * 8 ? { address, prefix } : undefined;
}

export function contains(network: Network, address: Address): boolean {
  if (network.address.length !== address.length) return false;
  return address.every((octet, index) => {
    const shared = Math.min(8, Math.max(0, network.prefix - index * 8));
    const shift = 8 - shared;
    return octet >> shift === (network.address[index] as number) >> shift;
  });
}

function readIpv4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const octets = parts.map(Number);
  return octets.every((octet) => octet <= 255) ? octets : undefined;
}

function readIpv6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(readGroups);
  if (!head || (halves.length === 2 && !tail)) return undefined;
  if (!tail) return head.length === 16 ? head : undefined;
  const missing = 16 - head.length - tail.length;
  return missing >= 2 ? [...head, ...Array.from({ length: missing }, () => 0), ...tail] : undefined;
}

/** Groups of 16 bits; the last 32 may be dotted decimal. */
function readGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    const ipv4 = index === groups.length - 1 && group.includes('.') ? readIpv4(group) : undefined;
    if (ipv4) octets.push(...ipv4);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
    } else return undefined;
  }
  return octets;
}
