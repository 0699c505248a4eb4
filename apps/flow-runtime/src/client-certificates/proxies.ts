import { canonicalDistinguishedName, parseDistinguishedName } from '@sluice/domain';
import { decodePem, parseCertificate, type Certificate } from '@sluice/pki';
import { foldHostName } from '@sluice/service-shell';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { claimsIdentity } from '../front-door/identity-headers.js';
import { formNames, headerMayDiffer, readerOf, type ReadPassedOn } from './forms.js';

/** Nothing in the files says who may speak for senders: the listener does not open, or goes on with what it had. */
export class UnusableProxies extends Error {
  override readonly name = 'UnusableProxies';
}

/** A proxy that may speak for senders, and the one form in which it does. */
export interface Proxy {
  readonly name: string;
  readonly read: ReadPassedOn;
  /** Certificates of CAs added to each chain, for forms that pass on the leaf alone. DER. */
  readonly intermediates: readonly Buffer[];
}

const proxySchema = z
  .strictObject({
    name: z.string().min(1),
    /** By what of its certificate the proxy is known; one of them. */
    certificate: z.union([
      z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
      z.strictObject({ subject: z.string().min(1) }),
      z.strictObject({ san: z.string().min(1) }),
    ]),
    form: z.enum(formNames),
    header: z.string().optional(),
    intermediatesFile: z.string().optional(),
  })
  .refine(({ form, header }) => header === undefined || headerMayDiffer(form), {
    path: ['header'],
    message: 'the form has a header of its own',
  })
  .refine(({ header }) => header === undefined || claimsIdentity(header), {
    path: ['header'],
    message: 'must be one of the headers that are kept from flows, such as X-SSL-Client-Cert',
  });
type ProxyEntry = z.output<typeof proxySchema>;

const fileSchema = z.strictObject({ proxies: z.array(proxySchema).min(1) }).superRefine(({ proxies }, context) => {
  for (const key of ['name', 'certificate'] as const) {
    const values = proxies.map((proxy) => JSON.stringify(proxy[key]));
    if (new Set(values).size < values.length)
      context.addIssue({ code: 'custom', path: ['proxies'], message: `two proxies have the same ${key}` });
  }
});

/** Who may speak for senders: certificates of these CAs, and of those the configured proxies alone when there are some. */
export class Proxies {
  readonly #entries: readonly { readonly matches: (certificate: Certificate) => boolean; readonly proxy: Proxy }[];

  /** @param ca PEM of each CA */
  constructor(
    readonly ca: readonly string[],
    /** What was read, to compare by. */
    readonly source: string,
    entries: readonly ProxyEntry[] | undefined,
    intermediatesOf: (file: string) => readonly Buffer[],
  ) {
    this.#entries = entries
      ? entries.map((entry) => ({
          matches: matcherOf(entry.certificate),
          proxy: {
            name: entry.name,
            read: readerOf(entry.form, entry.header),
            intermediates: entry.intermediatesFile === undefined ? [] : intermediatesOf(entry.intermediatesFile),
          },
        }))
      : [{ matches: () => true, proxy: { name: 'any', read: readerOf('rfc9440'), intermediates: [] } }];
  }

  /**
   * @param der the certificate whose key the peer proved to have, issued by one of the CAs
   * @returns undefined when no proxy is configured that has it, or more than one
   */
  find(der: Uint8Array): Proxy | undefined {
    const certificate = parseCertificate(der);
    const [found, another] = this.#entries.filter(({ matches }) => matches(certificate));
    return another ? undefined : found?.proxy;
  }
}

function matcherOf(known: ProxyEntry['certificate']): (certificate: Certificate) => boolean {
  if ('sha256' in known) return ({ sha256 }) => sha256 === known.sha256;
  if ('subject' in known) {
    const subject = canonicalDistinguishedName(parseDistinguishedName(known.subject));
    return (certificate) => canonicalDistinguishedName(certificate.subject) === subject;
  }
  return ({ subjectAltNames }) =>
    subjectAltNames.some(
      (name) =>
        (name.form === 'dNSName' && foldHostName(name.value) === foldHostName(known.san)) ||
        (name.form === 'uniformResourceIdentifier' && name.value === known.san),
    );
}

export interface ProxyFiles {
  /** PEM of the CAs that issue to proxies, and to nobody else. */
  readonly caFile: string;
  /** JSON: which proxies there are. Absent: whoever has a certificate of the CAs, by RFC 9440. */
  readonly proxiesFile?: string;
}

/** @throws UnusableProxies with a sentence that names the file (attack 26: there is no weaker default) */
export function readProxies({ caFile, proxiesFile }: ProxyFiles): Proxies {
  const caText = read(caFile);
  const certificates = certificatesOf(caFile, caText);
  const proxiesText = proxiesFile === undefined ? '' : read(proxiesFile);
  const parsed = proxiesFile === undefined ? undefined : fileSchema.safeParse(json(proxiesFile, proxiesText));
  if (parsed && !parsed.success)
    throw new UnusableProxies(`${proxiesFile} does not say which proxies there are: ${z.prettifyError(parsed.error)}`);
  const entries = parsed?.data.proxies;
  const texts = new Map(
    (entries ?? []).flatMap(({ intermediatesFile: file }) => {
      const path = file === undefined ? undefined : resolve(dirname(proxiesFile ?? ''), file);
      return file === undefined || path === undefined ? [] : [[file, { path, text: read(path) }] as const];
    }),
  );
  const source = [caText, proxiesText, ...[...texts.values()].map(({ text }) => text)].join('\0');
  return attempt(`${proxiesFile} does not say which proxies there are`, () => {
    const intermediatesOf = (file: string) => {
      const { path, text } = texts.get(file) ?? { path: file, text: '' };
      return certificatesOf(path, text);
    };
    return new Proxies(certificates.map(toPem), source, entries, intermediatesOf);
  });
}

function certificatesOf(file: string, text: string): Buffer[] {
  const certificates = attempt(`${file} is not certificates in PEM`, () => {
    const ders = decodePem(text).map((der) => Buffer.from(der));
    ders.forEach((der) => parseCertificate(der));
    return ders;
  });
  if (certificates.length === 0) throw new UnusableProxies(`${file} has no certificate in it.`);
  return certificates;
}

function toPem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

function json(file: string, text: string): unknown {
  return attempt(`${file} is not JSON`, () => JSON.parse(text) as unknown);
}

function read(file: string): string {
  return attempt(`${file} cannot be read`, () => readFileSync(file, 'utf8'));
}

function attempt<T>(sentence: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof UnusableProxies) throw error;
    throw new UnusableProxies(`${sentence}.`, { cause: error });
  }
}
