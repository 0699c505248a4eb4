import { canonicalDistinguishedName } from '@sluice/domain';
import { type GeneralName } from '../certificate/decode-general-name.js';

/** On which list constraints stand. Doubt is resolved so that the certificate is refused, which differs by list. */
export type ConstraintList = 'permitted' | 'excluded';

/** A name made ready to be looked up. `incomparable`: it cannot be judged, and any constraint of its form refuses it. */
export type PreparedName =
  | { readonly form: 'dNSName' | 'uniformResourceIdentifier'; readonly host: string }
  | { readonly form: 'rfc822Name'; readonly host: string; readonly local: string }
  | {
      readonly form: 'directoryName';
      /** keys of the name's beginnings, the empty one first */ readonly prefixes: readonly string[];
    }
  | { readonly form: 'iPAddress'; readonly address: Uint8Array }
  | { readonly form: 'incomparable' };

/** A wildcard may stand in the first label only: elsewhere nobody can say what it means. */
const hostName = /^[a-z0-9_*-]+(\.[a-z0-9_-]+)*\.?$/;
const addressLiteral = /^\[[0-9a-z:.]+\]$/;

const withoutTrailingDot = (host: string): string => (host.endsWith('.') ? host.slice(0, -1) : host);

const incomparable = { form: 'incomparable' } as const;

export function prepareName(name: GeneralName): PreparedName {
  switch (name.form) {
    case 'dNSName': {
      const host = name.value.toLowerCase();
      return hostName.test(host) ? { form: 'dNSName', host: withoutTrailingDot(host) } : incomparable;
    }
    case 'rfc822Name': {
      const at = name.value.lastIndexOf('@');
      const host = name.value.slice(at + 1).toLowerCase();
      if (at <= 0 || !(hostName.test(host) || addressLiteral.test(host))) return incomparable;
      return { form: 'rfc822Name', host, local: name.value.slice(0, at) };
    }
    case 'uniformResourceIdentifier': {
      // RFC 5280 4.2.1.10: a URI without an authority, or with an address for a host, is refused under a constraint.
      const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(name.value)?.[1] ?? '';
      const afterUser = authority.slice(authority.lastIndexOf('@') + 1);
      const host = withoutTrailingDot(afterUser.replace(/:\d*$/, '').toLowerCase());
      const judgeable = hostName.test(host) && !/^[0-9.]+$/.test(host) && !host.includes('*');
      return judgeable ? { form: 'uniformResourceIdentifier', host } : incomparable;
    }
    case 'directoryName': {
      const prefixes = [''];
      for (const rdn of name.name.name) prefixes.push((prefixes.at(-1) as string) + canonicalDistinguishedName([rdn]));
      return { form: 'directoryName', prefixes };
    }
    case 'iPAddress':
      return { form: 'iPAddress', address: name.address };
    default:
      return incomparable;
  }
}

/**
 * Constraints of one form and list, ready to be asked for each of many names: a look-up takes as many steps as a name has labels
 * or RDNs, however many constraints there are. Only addresses are gone through one by one.
 */
export class ConstraintIndex {
  /** Exactly this host, name or mailbox. */
  private readonly exact = new Map<string, GeneralName>();
  /** This host and everything below it. */
  private readonly within = new Map<string, GeneralName>();
  /** Everything below this host. */
  private readonly below = new Map<string, GeneralName>();
  /** Hosts by what follows their first label: what a wildcard in that place can stand for. */
  private readonly siblings = new Map<string, GeneralName>();
  private readonly addresses: { readonly network: Uint8Array; readonly written: GeneralName }[] = [];

  constructor(
    private readonly list: ConstraintList,
    readonly constraints: readonly GeneralName[],
  ) {
    for (const constraint of constraints) this.insert(constraint);
  }

  get size(): number {
    return this.constraints.length;
  }

  /** The constraint a name of this form lies in, if any (RFC 5280 4.2.1.10). */
  find(name: PreparedName): GeneralName | undefined {
    switch (name.form) {
      case 'dNSName':
        return this.findHost(name.host) ?? (this.list === 'excluded' ? this.findWildcard(name.host) : undefined);
      case 'uniformResourceIdentifier':
        return this.findHost(name.host);
      case 'rfc822Name':
        return this.exact.get(`${name.local}@${name.host}`) ?? this.findHost(name.host) ?? this.findFolded(name);
      case 'directoryName':
        return first(name.prefixes, (prefix) => this.exact.get(prefix));
      case 'iPAddress':
        return this.addresses.find(({ network }) => liesIn(name.address, network))?.written;
      default:
        return undefined;
    }
  }

  private insert(written: GeneralName): void {
    switch (written.form) {
      case 'dNSName': {
        const { host, dotted } = splitDot(written.value);
        // A leading dot has no meaning in RFC 5280 for this form. CAs write it and mean "below": take the narrower
        // reading of what is permitted and the wider one of what is excluded.
        (dotted && this.list === 'permitted' ? this.below : this.within).set(host, written);
        this.siblings.set(host.slice(host.indexOf('.')), written);
        break;
      }
      case 'uniformResourceIdentifier':
        this.insertHost(written.value, written);
        break;
      case 'rfc822Name': {
        const at = written.value.lastIndexOf('@');
        if (at < 0) this.insertHost(written.value, written);
        else
          this.exact.set(
            `${this.fold(written.value.slice(0, at))}@${written.value.slice(at + 1).toLowerCase()}`,
            written,
          );
        break;
      }
      case 'directoryName':
        this.exact.set(written.name.key, written);
        break;
      case 'iPAddress':
        this.addresses.push({ network: written.address, written });
        break;
      default:
    }
  }

  /** A constraint on mailboxes or URIs covers one host, or with a leading dot all below it. */
  private insertHost(value: string, written: GeneralName): void {
    const { host, dotted } = splitDot(value);
    (dotted ? this.below : host === '' ? this.within : this.exact).set(host, written);
  }

  /** The local part is compared exactly (RFC 5280 7.5), but an exclusion must not be evaded by letter case. */
  private fold(local: string): string {
    return this.list === 'excluded' ? local.toLowerCase() : local;
  }

  private findFolded(name: { readonly host: string; readonly local: string }): GeneralName | undefined {
    return this.list === 'excluded' ? this.exact.get(`${name.local.toLowerCase()}@${name.host}`) : undefined;
  }

  private findHost(host: string): GeneralName | undefined {
    const itself = this.exact.get(host) ?? this.within.get(host) ?? this.within.get('');
    if (itself !== undefined) return itself;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const above = host.slice(dot + 1);
      const found = this.within.get(above) ?? this.below.get(above);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** *.example.com can stand for the excluded bar.example.com (CVE-2025-61727). */
  private findWildcard(host: string): GeneralName | undefined {
    const dot = host.indexOf('.');
    return host.slice(0, dot < 0 ? host.length : dot).includes('*')
      ? this.siblings.get(dot < 0 ? host : host.slice(dot))
      : undefined;
  }
}

function splitDot(written: string): { readonly host: string; readonly dotted: boolean } {
  const host = withoutTrailingDot(written.toLowerCase());
  return host.startsWith('.') ? { host: host.slice(1), dotted: true } : { host, dotted: false };
}

function first<T, R>(values: readonly T[], look: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const found = look(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @param network address and mask, one after the other */
function liesIn(address: Uint8Array, network: Uint8Array): boolean {
  if (network.length !== address.length * 2) return false;
  for (let at = 0; at < address.length; at++) {
    const mask = network[address.length + at] as number;
    if (((address[at] as number) & mask) !== ((network[at] as number) & mask)) return false;
  }
  return true;
}
