import { type GeneralName } from '../certificate/decode-general-name.js';
import { isUsableConstraint, readMailbox, type PreparedName } from './prepare-name.js';

/** On which list constraints stand. Doubt is resolved so that the certificate is refused, which differs by list. */
export type ConstraintList = 'permitted' | 'excluded';

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

  /** One that is malformed: what it was meant to permit or exclude nobody can say, so no name of its form is let pass. */
  readonly malformed: GeneralName | undefined;

  constructor(
    private readonly list: ConstraintList,
    readonly constraints: readonly GeneralName[],
  ) {
    this.malformed = constraints.find((constraint) => !isUsableConstraint(constraint));
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
        const mailbox = readMailbox(written.value);
        if (mailbox === undefined) this.insertHost(written.value, written);
        else this.exact.set(`${this.fold(mailbox.local)}@${mailbox.host}`, written);
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
  const host = written.toLowerCase();
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
