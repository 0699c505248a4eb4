import type { IncomingMessage } from 'node:http';
import { decodeCertificate, decodePemCertificates, decodePercent, type PassedOn } from './decode-certificate.js';
import { readEnvoyXfcc } from './envoy-xfcc.js';
import { MalformedClientCert } from './malformed-client-cert.js';
import { readClientCert } from './rfc9440.js';

export const formNames = [
  'rfc9440',
  'envoy-xfcc',
  'nginx-escaped-pem',
  'haproxy-base64-der',
  'traefik-pem',
  'ssl-client-cert',
  'x-forwarded-client-cert',
] as const;
export type FormName = (typeof formNames)[number];

/** How a proxy passes a certificate on: in one header, read to its end or refused. */
interface HeaderForm {
  readonly header: string;
  /** Whether the administrator of the proxy chooses the header. */
  readonly headerMayDiffer?: true;
  readonly read: (value: string, header: string) => PassedOn;
}

const headerForms: Readonly<Record<Exclude<FormName, 'rfc9440'>, HeaderForm>> = {
  'envoy-xfcc': { header: 'x-forwarded-client-cert', read: readEnvoyXfcc },
  // $ssl_client_escaped_cert
  'nginx-escaped-pem': { header: 'x-ssl-client-cert', headerMayDiffer: true, read: readEscapedPem },
  // %[ssl_c_der,base64]
  'haproxy-base64-der': { header: 'x-ssl-client-cert', headerMayDiffer: true, read: readBase64 },
  'traefik-pem': { header: 'x-forwarded-tls-client-cert', read: readTraefikPem },
  // SAP Web Dispatcher and ICM
  'ssl-client-cert': { header: 'ssl_client_cert', read: readBase64 },
  // Cloud Foundry's router
  'x-forwarded-client-cert': { header: 'x-forwarded-client-cert', read: readBase64 },
};

export function headerMayDiffer(form: FormName): boolean {
  return form !== 'rfc9440' && headerForms[form].headerMayDiffer === true;
}

export type ReadPassedOn = (request: IncomingMessage) => PassedOn | undefined;

/**
 * @param header in place of the form's own, where that may differ
 * @returns a reader that finds no certificate where the header is absent or empty
 */
export function readerOf(form: FormName, header?: string): ReadPassedOn {
  if (form === 'rfc9440') return readClientCert;
  const own = headerForms[form];
  const name = (header ?? own.header).toLowerCase();
  return (request) => {
    const value = valueOf(request, name);
    return value === undefined || value === '' ? undefined : own.read(value, name);
  };
}

/** The header's one value; a second, or a name that other programs take for the same, is refused (attacks 10 and 12). */
function valueOf(request: IncomingMessage, header: string): string | undefined {
  const raw = request.rawHeaders;
  let value: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const written = raw[index] as string;
    const name = written.toLowerCase();
    if (name === header) {
      if (value !== undefined) throw new MalformedClientCert(`${header} stands in the request twice.`);
      value = raw[index + 1] as string;
    } else if (name.length === header.length && folded(name) === folded(header)) {
      throw new MalformedClientCert(`${written} is a header that other programs could take for ${header}.`);
    }
  }
  return value;
}

/** Whatever is neither letter nor digit: CGI and its followers write all of them as `_`. */
function folded(name: string): string {
  return name.replace(/[^a-z0-9]/g, '-');
}

function readBase64(value: string, header: string): PassedOn {
  return { leaf: decodeCertificate(value, header), chain: [] };
}

function readEscapedPem(value: string, header: string): PassedOn {
  const [leaf, ...more] = decodePemCertificates(decodePercent(value, header), header);
  if (!leaf || more.length > 0) throw new MalformedClientCert(`${header} must be one certificate in escaped PEM.`);
  return { leaf, chain: [] };
}

/** The sender's certificates, leaf first, base64 without the lines of PEM; percent-encoded by older versions. */
function readTraefikPem(value: string, header: string): PassedOn {
  const plain = value.includes('%') ? decodePercent(value, header, /^(?:[A-Za-z0-9\-._~,]|%[0-9A-Fa-f]{2})*$/) : value;
  const [leaf, ...chain] = plain.split(',').map((base64) => decodeCertificate(base64, header));
  if (!leaf) throw new MalformedClientCert(`${header} must hold a certificate.`);
  return { leaf, chain };
}
