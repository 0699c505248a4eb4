import { readAddress } from './ip-address.js';

/**
 * What is counted as one caller: an IPv4 address, which may come as `::ffff:192.0.2.1` where a listener takes both; of IPv6 the network of
 * 64 bits, for whoever has one address there has all. What is no address stands for itself.
 */
export function networkOf(address: string): string {
  const octets = readAddress(address);
  if (octets?.length !== 16) return octets?.join('.') ?? address;
  if (octets.every((octet, index) => index >= 12 || octet === (index < 10 ? 0 : 0xff)))
    return octets.slice(12).join('.');
  const groups = [0, 2, 4, 6].map((at) => (((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)).toString(16));
  return `${groups.join(':')}::/64`;
}
