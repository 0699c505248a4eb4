import { canonicalDistinguishedName } from '@sluice/domain';
import { type GeneralName } from '../certificate/decode-general-name.js';

/**
 * A name made ready to be looked up among constraints. `incomparable`: it is malformed or of a form that cannot be judged,
 * and any constraint of its form refuses it.
 */
export type PreparedName =
  | { readonly form: 'dNSName' | 'uniformResourceIdentifier'; readonly host: string }
  | { readonly form: 'rfc822Name'; readonly host: string; readonly local: string }
  | {
      readonly form: 'directoryName';
      /** keys of the name's beginnings, the empty one first */ readonly prefixes: readonly string[];
    }
  | { readonly form: 'iPAddress'; readonly address: Uint8Array }
  | { readonly form: 'incomparable' };

const incomparable = { form: 'incomparable' } as const;

const maxHostLength = 253;
/** RFC 1123 section 2.1, and the underscore that hosts have in practice. */
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const hostName = new RegExp(`^${label}(?:\\.${label})*$`);
/** RFC 1123 section 2.1: the last label of a host name is no number, or it would be an address to some readers. */
const endsInNumber = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;
const addressLiteral = /^\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|ipv6:[0-9a-f:.]+)\]$/;

/** Whether text in lower case is a host name: neither an address, nor a pattern, nor written with a final dot. */
export function isHostName(text: string): boolean {
  return text.length <= maxHostLength && hostName.test(text) && !endsInNumber.test(text);
}

/** A mailbox with its local part as it is meant, quotation taken off. Undefined: it is no mailbox of RFC 5321 section 4.1.2. */
export function readMailbox(written: string): { readonly local: string; readonly host: string } | undefined {
  // With a second one what follows is no host. It may stand in a quoted local part by RFC 5321, but readers disagree on
  // where such a name ends, so it is no name here.
  const at = written.indexOf('@');
  const local = readLocalPart(written.slice(0, Math.max(at, 0)));
  const host = written.slice(at + 1).toLowerCase();
  return local !== undefined && (isHostName(host) || addressLiteral.test(host)) ? { local, host } : undefined;
}

/** Characters beyond ASCII come from SmtpUTF8Mailbox (RFC 9598); rfc822Name is an IA5String. */
const dotString = /^[^\0-\x20"(),.:;<>@[\\\]\x7f-\x9f]+(?:\.[^\0-\x20"(),.:;<>@[\\\]\x7f-\x9f]+)*$/;
const quotedString = /^"((?:[^\0-\x1f"\\\x7f-\x9f]|\\[\x20-\x7e])*)"$/;

function readLocalPart(written: string): string | undefined {
  if (dotString.test(written)) return written;
  return quotedString.exec(written)?.[1]?.replace(/\\(.)/g, '$1');
}

const wholeWildcard = '*.';

/** RFC 3986: the characters a URI may hold, none of which readers take for another (a backslash for a slash, say). */
const uri =
  /^[a-z][a-z0-9+.-]*:\/\/(?:([a-z0-9._~!$&'()*+,;=:%-]*)@)?([^/?#@:]*)(?::[0-9]*)?(?:[/?#][!#-;=?-Z_a-z~[\]]*)?$/i;

/** Makes a name of a certificate ready, or finds it malformed (RFC 5280 4.2.1.6). */
export function prepareName(name: GeneralName): PreparedName {
  switch (name.form) {
    case 'dNSName': {
      const host = name.value.toLowerCase();
      // A wildcard is a whole first label: elsewhere nobody can say what it means.
      const named = host.startsWith(wholeWildcard) ? host.slice(wholeWildcard.length) : host;
      return isHostName(named) && host.length <= maxHostLength ? { form: 'dNSName', host } : incomparable;
    }
    case 'rfc822Name': {
      const mailbox = readMailbox(name.value);
      return mailbox === undefined ? incomparable : { form: 'rfc822Name', ...mailbox };
    }
    case 'uniformResourceIdentifier': {
      // RFC 5280 4.2.1.10: a URI without an authority, or with an address for a host, is refused under a constraint.
      const written = uri.exec(name.value)?.[2]?.toLowerCase() ?? '';
      // RFC 3986 3.2.2 allows the final dot of a host.
      const host = written.endsWith('.') ? written.slice(0, -1) : written;
      return isHostName(host) ? { form: 'uniformResourceIdentifier', host } : incomparable;
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

/** Whether a constraint says something that can be honoured (RFC 5280 4.2.1.10). */
export function isUsableConstraint(constraint: GeneralName): boolean {
  switch (constraint.form) {
    case 'dNSName':
    case 'uniformResourceIdentifier':
      return isHostConstraint(constraint.value);
    case 'rfc822Name':
      return constraint.value.includes('@')
        ? readMailbox(constraint.value) !== undefined
        : isHostConstraint(constraint.value);
    default:
      return true;
  }
}

/** A host, all hosts below one (a leading dot), or every host (nothing at all). */
function isHostConstraint(value: string): boolean {
  const host = value.toLowerCase();
  return host === '' || host === '.' || isHostName(host.startsWith('.') ? host.slice(1) : host);
}
