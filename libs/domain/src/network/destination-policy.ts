import { contains, readAddress, readNetwork, type Address, type Network } from './ip-address.js';

/** Which addresses a service may connect to where others name the destination. */
export interface DestinationPolicy {
  /** Hosts that may be connected to whatever they resolve to; lower case, `*.example.com` for any below. */
  readonly allowedHosts: readonly string[];
  readonly allowedNetworks: readonly Network[];
  readonly refusedNetworks: readonly Network[];
}

const networks = (...texts: string[]) => texts.map((text) => readNetwork(text) as Network);

/**
 * Closed unless the operator opens them: this host, this link, the metadata services of clouds, and what is no single host.
 * Private networks are open: receivers of integration flows live there.
 */
const closed = networks(
  // RFC 6890: "this network", loopback, link-local, multicast, reserved and broadcast.
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  'fe80::/10',
  // RFC 3879: site-local, deprecated; no host has one for good reason.
  'fec0::/10',
  'ff00::/8',
  // Metadata services that are not link-local: AWS over IPv6, Alibaba, Oracle, Azure.
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '192.0.0.192/32',
  '168.63.129.16/32',
);

/**
 * Reads the lists of an operator, entries separated by commas.
 * @param allowed hosts, addresses and networks: `localhost,*.example.com,127.0.0.0/8,::1`; they win over everything
 * @param refused addresses and networks beyond those closed anyway: `10.0.0.0/8`
 * @returns the policy, or one sentence for each list that is wrong
 */
export function readDestinationPolicy(
  allowed: string,
  refused: string,
): { readonly policy: DestinationPolicy } | { readonly allowedFault?: string; readonly refusedFault?: string } {
  const allowedHosts: string[] = [];
  const allowedNetworks: Network[] = [];
  const refusedNetworks: Network[] = [];
  let allowedFault: string | undefined;
  let refusedFault: string | undefined;
  for (const entry of entriesOf(allowed)) {
    const network = readNetwork(entry);
    if (network) allowedNetworks.push(network);
    else if (hostPattern.test(entry) && !/^[\d.]+$/.test(entry)) allowedHosts.push(entry.replace(/\.$/, ''));
    else allowedFault ??= 'must be hosts, addresses or networks (127.0.0.0/8) separated by commas';
  }
  for (const entry of entriesOf(refused)) {
    const network = readNetwork(entry);
    if (network) refusedNetworks.push(network);
    else refusedFault ??= 'must be addresses or networks (10.0.0.0/8) separated by commas';
  }
  if (allowedFault !== undefined || refusedFault !== undefined)
    return {
      ...(allowedFault === undefined ? {} : { allowedFault }),
      ...(refusedFault === undefined ? {} : { refusedFault }),
    };
  return { policy: { allowedHosts, allowedNetworks, refusedNetworks } };
}

const hostPattern = /^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?$/;

function entriesOf(list: string): string[] {
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
}

/**
 * Whether an address may be connected to.
 * @param host by which it was asked for: a name, or the address itself
 * @param address that is connected to, as text; what is no address is never permitted
 */
export function isPermittedDestination(policy: DestinationPolicy, host: string, address: string): boolean {
  const read = readAddress(address);
  if (!read) return false;
  const name = host.toLowerCase().replace(/\.$/, '');
  if (
    policy.allowedHosts.some((allowed) =>
      allowed.startsWith('*.') ? name.endsWith(allowed.slice(1)) : name === allowed,
    )
  )
    return true;
  // An IPv4 address in an IPv6 one reaches the IPv4 host: it is judged as that, and as itself.
  const forms: readonly Address[] = [read, ...embeddedIpv4(read)];
  const within = (list: readonly Network[]) => forms.some((form) => list.some((network) => contains(network, form)));
  if (within(policy.allowedNetworks)) return true;
  return !within(closed) && !within(policy.refusedNetworks);
}

const mapped = readNetwork('::ffff:0:0/96') as Network;
const translated = readNetwork('64:ff9b::/96') as Network;
const compatible = readNetwork('::/96') as Network;
const sixToFour = readNetwork('2002::/16') as Network;

/** RFC 4291 §2.5.5, RFC 6052, RFC 3056. */
function embeddedIpv4(address: Address): Address[] {
  if (address.length !== 16) return [];
  if ([mapped, translated, compatible].some((network) => contains(network, address))) return [address.slice(12)];
  return contains(sixToFour, address) ? [address.slice(2, 6)] : [];
}
