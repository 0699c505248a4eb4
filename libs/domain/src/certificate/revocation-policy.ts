import type { FieldViolation } from '../error/sluice-error.js';

/** How certificates below a trusted root are checked for revocation, as an administrator sets it. */
export interface RevocationPolicy {
  /** `hard`: who cannot be shown not to be revoked is refused. `soft`: only who is found revoked. */
  readonly failure: 'hard' | 'soft';
  /** Which certificates below the root are checked. */
  readonly scope: 'all' | 'leaf';
  /** A CRL or OCSP answer older than this is not used, even before its nextUpdate. */
  readonly maximumAgeSeconds?: number;
  /** How far the issuers' clocks may be ahead of ours. */
  readonly clockSkewSeconds: number;
  /** CRLs fetched over HTTP. */
  readonly crls: readonly { readonly url: string; readonly refreshSeconds: number }[];
  /** PEM; certificates of CRL issuers and OCSP responders that senders do not send. */
  readonly issuerCertificates: readonly string[];
  readonly ocsp?: OcspPolicy;
}

export interface OcspPolicy {
  /** Absent: the responder that the certificate names (RFC 5280 §4.2.2.1), once its path has been found valid. */
  readonly url?: string;
  /** RFC 9654. `optional`: an answer without it will do, one with another will not. */
  readonly nonce: 'required' | 'optional' | 'none';
  readonly timeoutMilliseconds: number;
}

const members = [
  'failure',
  'scope',
  'maximumAgeSeconds',
  'clockSkewSeconds',
  'crls',
  'issuerCertificates',
  'ocsp',
] as const;
const day = 86_400;

/** Reads the policy a request gives, with its defaults. */
export function readRevocationPolicy(
  given: unknown,
): { readonly policy: RevocationPolicy } | { readonly violations: readonly FieldViolation[] } {
  const reading = new Reading();
  const root = reading.object(given, '', members);
  const policy: RevocationPolicy = {
    failure: reading.oneOf(root['failure'], 'failure', ['hard', 'soft'], 'hard'),
    scope: reading.oneOf(root['scope'], 'scope', ['all', 'leaf'], 'all'),
    ...(root['maximumAgeSeconds'] === undefined
      ? {}
      : {
          maximumAgeSeconds: reading.integer(root['maximumAgeSeconds'], 'maximumAgeSeconds', 60, 400 * day, day),
        }),
    clockSkewSeconds: reading.integer(root['clockSkewSeconds'], 'clockSkewSeconds', 0, 3_600, 0),
    crls: reading.list(root['crls'], 'crls', 16).map((each, index) => {
      const path = `crls[${index}]`;
      const source = reading.object(each, path, ['url', 'refreshSeconds']);
      return {
        url: reading.url(source['url'], `${path}.url`),
        refreshSeconds: reading.integer(source['refreshSeconds'], `${path}.refreshSeconds`, 60, 30 * day, 3_600),
      };
    }),
    issuerCertificates: reading
      .list(root['issuerCertificates'], 'issuerCertificates', 16)
      .map((each, index) => reading.text(each, `issuerCertificates[${index}]`)),
    ...(root['ocsp'] === undefined ? {} : { ocsp: readOcsp(root['ocsp'], reading) }),
  };
  const urls = policy.crls.map(({ url }) => url).filter((url) => url !== '');
  if (new Set(urls).size < urls.length) reading.violations.push({ field: 'crls', message: 'names a url twice' });
  return reading.violations.length > 0 ? { violations: reading.violations } : { policy };
}

function readOcsp(given: unknown, reading: Reading): OcspPolicy {
  const ocsp = reading.object(given, 'ocsp', ['url', 'nonce', 'timeoutMilliseconds']);
  return {
    ...(ocsp['url'] === undefined ? {} : { url: reading.url(ocsp['url'], 'ocsp.url') }),
    nonce: reading.oneOf(ocsp['nonce'], 'ocsp.nonce', ['required', 'optional', 'none'], 'optional'),
    timeoutMilliseconds: reading.integer(ocsp['timeoutMilliseconds'], 'ocsp.timeoutMilliseconds', 50, 800, 500),
  };
}

/** Reads members of JSON and collects every fault, not the first alone. */
class Reading {
  readonly violations: FieldViolation[] = [];

  object(value: unknown, field: string, known: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.violations.push({ field: field || 'body', message: 'must be a JSON object' });
      return {};
    }
    for (const name of Object.keys(value))
      if (!known.includes(name))
        this.violations.push({
          field: field ? `${field}.${name}` : name,
          message: `is not known here; known are ${known.join(', ')}`,
        });
    return value as Readonly<Record<string, unknown>>;
  }

  list(value: unknown, field: string, longest: number): readonly unknown[] {
    if (value === undefined) return [];
    if (Array.isArray(value) && value.length <= longest) return value;
    this.violations.push({ field, message: `must be a list of at most ${longest}` });
    return [];
  }

  text(value: unknown, field: string): string {
    if (typeof value === 'string' && value.length > 0) return value;
    this.violations.push({ field, message: 'must be a text' });
    return '';
  }

  oneOf<T extends string>(value: unknown, field: string, allowed: readonly T[], byDefault: T): T {
    if (value === undefined) return byDefault;
    if (allowed.includes(value as T)) return value as T;
    this.violations.push({ field, message: `must be one of ${allowed.join(', ')}` });
    return byDefault;
  }

  integer(value: unknown, field: string, least: number, most: number, byDefault: number): number {
    if (value === undefined) return byDefault;
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
    this.violations.push({ field, message: `must be a whole number from ${least} to ${most}` });
    return byDefault;
  }

  /** Signed things come over HTTP: with HTTPS the server's own status would have to be known first (RFC 5280 §8). */
  url(value: unknown, field: string): string {
    if (typeof value === 'string' && /^https?:\/\/[^/\s@]+(\/\S*)?$/i.test(value) && value.length <= 2_000)
      return value;
    this.violations.push({ field, message: 'must be an http or https URL without user and password' });
    return '';
  }
}
