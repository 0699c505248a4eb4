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
  'aws-alb-verify',
  'aws-alb-passthrough',
  'azure-escaped-pem',
  'google-cloud',
  'cloudflare-base64-der',
] as const;
export type FormName = (typeof formNames)[number];

/** How a proxy passes a certificate on: in one header, read to its end or refused. */
interface HeaderForm {
  readonly header: string;
  /** Whether the administrator of the proxy chooses the header. */
  readonly headerMayDiffer?: true;
  /** Where the certificates beside the leaf come, as the leaf does, separated by commas. */
  readonly chainHeader?: string;
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
  // AWS Application Load Balancer, "verify with trust store"; and "passthrough", which sends the chain
  'aws-alb-verify': { header: 'x-amzn-mtls-clientcert-leaf', headerMayDiffer: true, read: readAlbLeaf },
  'aws-alb-passthrough': { header: 'x-amzn-mtls-clientcert', headerMayDiffer: true, read: readAlbChain },
  // Azure Application Gateway, {var_client_certificate} in a rewrite rule: escaped in either of the two ways
  'azure-escaped-pem': { header: 'x-client-certificate', headerMayDiffer: true, read: readAlbLeaf },
  // Google Cloud, {client_cert_leaf} and {client_cert_chain} in custom request headers
  'google-cloud': { header: 'x-client-cert-leaf', chainHeader: 'x-client-cert-chain', read: readByteSequence },
  // Cloudflare, "client certificate forwarding"
  'cloudflare-base64-der': { header: 'cf-client-cert-der-base64', read: readBase64 },
};

/** Every header in which a form passes a certificate on, in lower case. */
export const headersOfForms: readonly string[] = [
  'client-cert',
  'client-cert-chain',
  ...Object.values(headerForms).flatMap(({ header, chainHeader }) => [
    header,
    ...(chainHeader === undefined ? [] : [chainHeader]),
  ]),
];

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
  const { chainHeader } = own;
  return (request) => {
    const value = valueOf(request, name);
    const chain = chainHeader === undefined ? '' : (valueOf(request, chainHeader) ?? '');
    if (value === undefined || value === '') {
      if (chain === '') return undefined;
      throw new MalformedClientCert(`${chainHeader} came without ${name}.`);
    }
    const passed = own.read(value, name);
    if (chainHeader === undefined || chain === '') return passed;
    return { leaf: passed.leaf, chain: chain.split(',').map((item) => own.read(item.trim(), chainHeader).leaf) };
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

/** RFC 3986 §2.1, in which `+`, `/` and `=` stand for themselves: what AWS calls URL-encoded PEM. */
const albEncoding = /^(?:[A-Za-z0-9\-._~+/=]|%[0-9A-Fa-f]{2})*$/;

function readAlbChain(value: string, header: string): PassedOn {
  const [leaf, ...chain] = decodePemCertificates(withLastNewline(decodePercent(value, header, albEncoding)), header);
  if (!leaf) throw new MalformedClientCert(`${header} must hold a certificate.`);
  return { leaf, chain };
}

function readAlbLeaf(value: string, header: string): PassedOn {
  const passed = readAlbChain(value, header);
  if (passed.chain.length > 0) throw new MalformedClientCert(`${header} must be one certificate.`);
  return passed;
}

/** Certificates follow one another with a line break between them, which some leave out at the end. */
function withLastNewline(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}

/** RFC 9651 §3.3.5, which Google took from RFC 9440. */
function readByteSequence(value: string, header: string): PassedOn {
  const [, base64] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value) ?? [];
  if (base64 === undefined)
    throw new MalformedClientCert(`${header} must be one certificate as :base64: (RFC 9440 §2.2).`);
  return { leaf: decodeCertificate(base64, header), chain: [] };
}

/** The sender's certificates, leaf first, base64 without the lines of PEM; percent-encoded by older versions. */
function readTraefikPem(value: string, header: string): PassedOn {
  const plain = value.includes('%') ? decodePercent(value, header, /^(?:[A-Za-z0-9\-._~,]|%[0-9A-Fa-f]{2})*$/) : value;
  const [leaf, ...chain] = plain.split(',').map((base64) => decodeCertificate(base64, header));
  if (!leaf) throw new MalformedClientCert(`${header} must hold a certificate.`);
  return { leaf, chain };
}
