import { type GeneralName } from '../certificate/decode-general-name.js';

/** On which list a constraint stands. Doubt is resolved so that the certificate is refused, which differs by list. */
export type ConstraintList = 'permitted' | 'excluded';

/** A name made ready for many comparisons. `incomparable`: it cannot be judged, and any constraint of its form refuses it. */
export type PreparedName =
  | { readonly form: 'dNSName' | 'uniformResourceIdentifier'; readonly host: string }
  | { readonly form: 'rfc822Name'; readonly host: string; readonly local: string }
  | { readonly form: 'directoryName'; readonly key: string }
  | { readonly form: 'iPAddress'; readonly address: Uint8Array }
  | { readonly form: 'incomparable' };

/** A constraint made ready likewise. `host` without a leading dot; `dotted` is `.host`; `below`: the host itself is not meant. */
export type PreparedConstraint =
  | {
      readonly form: 'dNSName' | 'uniformResourceIdentifier';
      readonly host: string;
      readonly dotted: string;
      readonly below: boolean;
    }
  | {
      readonly form: 'rfc822Name';
      readonly host: string;
      readonly dotted: string;
      readonly below: boolean;
      readonly local: string | undefined;
    }
  | { readonly form: 'directoryName'; readonly key: string }
  | { readonly form: 'iPAddress'; readonly address: Uint8Array }
  | { readonly form: 'incomparable' };

const hostCharacters = /^[a-z0-9_*-]+(\.[a-z0-9_*-]+)*\.?$/;
const addressLiteral = /^\[[0-9a-z:.]+\]$/;

const withoutTrailingDot = (host: string): string => (host.endsWith('.') ? host.slice(0, -1) : host);

const incomparable = { form: 'incomparable' } as const;

export function prepareName(name: GeneralName): PreparedName {
  switch (name.form) {
    case 'dNSName': {
      const host = name.value.toLowerCase();
      return hostCharacters.test(host) ? { form: 'dNSName', host: withoutTrailingDot(host) } : incomparable;
    }
    case 'rfc822Name': {
      const at = name.value.lastIndexOf('@');
      const host = name.value.slice(at + 1).toLowerCase();
      if (at <= 0 || !(hostCharacters.test(host) || addressLiteral.test(host))) return incomparable;
      return { form: 'rfc822Name', host, local: name.value.slice(0, at) };
    }
    case 'uniformResourceIdentifier': {
      // RFC 5280 4.2.1.10: a URI without an authority, or with an address for a host, is refused under a constraint.
      const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(name.value)?.[1] ?? '';
      const host = withoutTrailingDot(
        authority
          .slice(authority.lastIndexOf('@') + 1)
          .replace(/:\d*$/, '')
          .toLowerCase(),
      );
      return hostCharacters.test(host) && !/^[0-9.]+$/.test(host) && !host.includes('*')
        ? { form: 'uniformResourceIdentifier', host }
        : incomparable;
    }
    case 'directoryName':
      return { form: 'directoryName', key: name.name.key };
    case 'iPAddress':
      return { form: 'iPAddress', address: name.address };
    default:
      return incomparable;
  }
}

export function prepareConstraint(constraint: GeneralName): PreparedConstraint {
  switch (constraint.form) {
    case 'dNSName':
    case 'uniformResourceIdentifier':
      return { form: constraint.form, ...prepareHost(constraint.value) };
    case 'rfc822Name': {
      const at = constraint.value.lastIndexOf('@');
      return {
        form: 'rfc822Name',
        ...prepareHost(constraint.value.slice(at + 1)),
        local: at < 0 ? undefined : constraint.value.slice(0, at),
      };
    }
    case 'directoryName':
      return { form: 'directoryName', key: constraint.name.key };
    case 'iPAddress':
      return { form: 'iPAddress', address: constraint.address };
    default:
      return incomparable;
  }
}

function prepareHost(written: string): { host: string; dotted: string; below: boolean } {
  const host = withoutTrailingDot(written.toLowerCase());
  const below = host.startsWith('.');
  return below ? { host: host.slice(1), dotted: host, below } : { host, dotted: `.${host}`, below };
}

/** Whether a name lies in a constraint of the same form (RFC 5280 4.2.1.10). */
export function matchNameConstraint(name: PreparedName, constraint: PreparedConstraint, list: ConstraintList): boolean {
  switch (name.form) {
    case 'dNSName':
      return constraint.form === 'dNSName' && matchDns(name.host, constraint, list);
    case 'uniformResourceIdentifier':
      return constraint.form === 'uniformResourceIdentifier' && matchHost(name.host, constraint);
    case 'rfc822Name':
      if (constraint.form !== 'rfc822Name') return false;
      if (constraint.local === undefined) return matchHost(name.host, constraint);
      if (name.host !== constraint.host) return false;
      // The local part is compared exactly (RFC 5280 7.5); an exclusion must not be evaded by letter case.
      return (
        name.local === constraint.local ||
        (list === 'excluded' && name.local.toLowerCase() === constraint.local.toLowerCase())
      );
    case 'directoryName':
      // A key is a sequence of self-delimiting RDNs, so a prefix of the key is a prefix of the name.
      return constraint.form === 'directoryName' && name.key.startsWith(constraint.key);
    case 'iPAddress':
      return constraint.form === 'iPAddress' && matchAddress(name.address, constraint.address);
    default:
      return false;
  }
}

interface HostConstraint {
  readonly host: string;
  readonly dotted: string;
  readonly below: boolean;
}

/** A dNSName constraint covers the host and all below it. */
function matchDns(host: string, constraint: HostConstraint, list: ConstraintList): boolean {
  if (constraint.host === '' || host.endsWith(constraint.dotted)) return true;
  // A leading dot has no meaning in RFC 5280 for this form. CAs write it and mean "below": take the narrower reading
  // of what is permitted and the wider one of what is excluded.
  if (host === constraint.host) return !constraint.below || list === 'excluded';
  return list === 'excluded' && host.includes('*') && wildcardReaches(host, constraint.host);
}

/** Whether *.example.com can stand for the excluded bar.example.com or something below it (CVE-2025-61727). */
function wildcardReaches(host: string, excluded: string): boolean {
  const labels = host.split('.');
  const wanted = excluded.split('.');
  if (labels.length < wanted.length) return false;
  return wanted.every((label, index) => {
    const own = labels[labels.length - wanted.length + index] as string;
    return own === label || own.includes('*');
  });
}

/** A constraint on mailboxes or URIs covers one host, or with a leading dot all below it. */
function matchHost(host: string, constraint: HostConstraint): boolean {
  return constraint.host === '' || (constraint.below ? host.endsWith(constraint.dotted) : host === constraint.host);
}

function matchAddress(address: Uint8Array, constraint: Uint8Array): boolean {
  if (constraint.length !== address.length * 2) return false;
  for (let at = 0; at < address.length; at++) {
    const mask = constraint[address.length + at] as number;
    if (((address[at] as number) & mask) !== ((constraint[at] as number) & mask)) return false;
  }
  return true;
}
