import { createHash } from 'node:crypto';
import { decodePemCertificates, decodePercent, maxValue, type PassedOn } from './decode-certificate.js';
import { MalformedClientCert } from './malformed-client-cert.js';

const header = 'X-Forwarded-Client-Cert';
/** What may come more than once in an element; the others may not. */
const repeatable: ReadonlySet<string> = new Set(['uri', 'dns', 'by']);
const known: ReadonlySet<string> = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']);

/**
 * Envoy's `x-forwarded-client-cert`: one element of `Key=value;Key="value"`. `Cert` is the leaf, `Chain` the leaf with what the
 * sender sent beside it, both percent-encoded PEM. A second element would be one that somebody before Envoy wrote, so
 * Envoy is to be set to SANITIZE_SET, and two are refused.
 * @throws MalformedClientCert
 */
export function readEnvoyXfcc(value: string): PassedOn {
  const fields = readElement(value);
  const cert = fields.get('cert');
  if (cert === undefined)
    throw new MalformedClientCert(`${header} must have Cert: set_current_client_cert_details with cert: true.`);
  const [leaf, ...more] = decodePem(cert);
  if (!leaf || more.length > 0) throw new MalformedClientCert(`Cert in ${header} must be one certificate.`);
  const hash = fields.get('hash');
  if (hash !== undefined && hash.toLowerCase() !== createHash('sha256').update(leaf).digest('hex'))
    throw new MalformedClientCert(`Hash in ${header} is not that of Cert.`);
  const chain = fields.get('chain');
  const [first, ...rest] = chain === undefined ? [leaf] : decodePem(chain);
  if (!first?.equals(leaf)) throw new MalformedClientCert(`Chain in ${header} must begin with Cert.`);
  return { leaf, chain: rest };
}

function decodePem(encoded: string): Buffer[] {
  return decodePemCertificates(decodePercent(encoded, header), header);
}

/** One element, to the end of the value; a comma outside quotes would begin another. */
function readElement(value: string): Map<string, string> {
  const fields = new Map<string, string>();
  const pair = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=\s]*))(;|$)/y;
  let at = 0;
  let more = value.length <= maxValue;
  while (more) {
    pair.lastIndex = at;
    const [, name, quoted, plain, end] = pair.exec(value) ?? [];
    const key = name?.toLowerCase();
    if (key === undefined || !known.has(key) || (fields.has(key) && !repeatable.has(key))) break;
    fields.set(key, quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '');
    at = pair.lastIndex;
    more = end === ';';
    if (!more) return fields;
  }
  throw new MalformedClientCert(`${header} must be one element of Key=value pairs, as Envoy writes it.`);
}
