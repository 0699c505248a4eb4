/** What the console itself can tell of a certificate; whether to believe it is for the verifier to say. */
export interface ReadCertificate {
  /** Of the DER, in lower-case hexadecimal: by it a certificate is known here. */
  readonly sha256: string;
  readonly pem: string;
  /** ISO 8601 in UTC, to the second. */
  readonly validFrom: string;
  readonly validUntil: string;
  readonly subject: string;
  readonly issuer: string;
}

const block = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----([\sA-Za-z0-9+/=]*)-----END (?:TRUSTED )?CERTIFICATE-----/g;

/**
 * The certificates of a text in PEM, or of one file in DER.
 * @throws Error with what is in the way, when there is none or one cannot be read
 */
export async function readCertificates(content: string | Uint8Array<ArrayBuffer>): Promise<ReadCertificate[]> {
  if (typeof content !== 'string' && content[0] === 0x30) return [await readCertificate(content)];
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content);
  const ders = [...text.matchAll(block)].map(([, base64 = '']) => octetsOf(base64));
  if (ders.length > 0) return Promise.all(ders.map(readCertificate));
  const other = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
  throw new Error(
    other === undefined
      ? 'There is no certificate in it: a certificate in PEM begins with -----BEGIN CERTIFICATE-----.'
      : `It has a block ${other} and no block CERTIFICATE.${/PRIVATE KEY/.test(other) ? ' A private key belongs with its sender alone.' : ''}`,
  );
}

function octetsOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64.replace(/\s/g, '')), (character) => character.charCodeAt(0));
  } catch {
    throw new Error('A block CERTIFICATE holds something else than base64. Was it copied whole?');
  }
}

async function readCertificate(der: Uint8Array<ArrayBuffer>): Promise<ReadCertificate> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
  const base64 = btoa(String.fromCharCode(...der)).replace(/.{64}(?=.)/g, '$&\n');
  return {
    sha256: Array.from(digest, (octet) => octet.toString(16).padStart(2, '0')).join(''),
    pem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    ...fieldsOf(der),
  };
}

/** RFC 5280 §4.1: version (tagged 0, may be absent), serialNumber, signature, issuer, validity, subject. */
function fieldsOf(der: Uint8Array): Pick<ReadCertificate, 'validFrom' | 'validUntil' | 'subject' | 'issuer'> {
  const [certificate] = elementsOf(der);
  const [toBeSigned] = elementsOf(certificate?.content);
  const members = elementsOf(toBeSigned?.content).filter(({ tag }) => tag !== 0xa0);
  const [, , issuer, validity, subject] = members;
  const [from, until] = elementsOf(validity?.content);
  if (!issuer || !subject || !from || !until) throw unreadable();
  return { validFrom: timeOf(from), validUntil: timeOf(until), subject: nameOf(subject), issuer: nameOf(issuer) };
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** The elements of DER that stand one after the other (X.690 §8.1). @throws Error for what ends before it should */
function elementsOf(der: Uint8Array | undefined): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < (der?.length ?? 0);) {
    const [tag, first] = [der?.[at], der?.[at + 1]];
    if (!der || tag === undefined || first === undefined) throw unreadable();
    const octets = first < 0x80 ? 0 : first & 0x7f;
    const begin = at + 2 + octets;
    const length = der.subarray(at + 2, begin).reduce((sum, octet) => sum * 256 + octet, octets === 0 ? first : 0);
    if (octets > 4 || begin + length > der.length) throw unreadable();
    elements.push({ tag, content: der.subarray(begin, begin + length) });
    at = begin + length;
  }
  return elements;
}

/** UTCTime with two digits of the year, or GeneralizedTime with four (RFC 5280 §4.1.2.5). */
function timeOf({ tag, content }: Element): string {
  const text = new TextDecoder('latin1').decode(content);
  const whole = tag === 0x17 ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(whole);
  if (!parts) throw unreadable();
  const [, year, month, day, hour, minute, second] = parts;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

/** Of the attributes that names mostly have (RFC 4514 §3), by their object identifier in hexadecimal. */
const attributes: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550405': 'SERIALNUMBER',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '550409': 'STREET',
  '55040a': 'O',
  '55040b': 'OU',
  '0992268993f22c640119': 'DC',
  '0992268993f22c640101': 'UID',
  '2a864886f70d010901': 'emailAddress',
};

/** As RFC 4514 writes names: the last part first. */
function nameOf({ content }: Element): string {
  return elementsOf(content)
    .map((relative) => elementsOf(relative.content).map(attributeOf).join('+'))
    .toReversed()
    .join(',');
}

function attributeOf({ content }: Element): string {
  const [type, value] = elementsOf(content);
  if (!type || !value) throw unreadable();
  const id = Array.from(type.content, (octet) => octet.toString(16).padStart(2, '0')).join('');
  // A BMPString (tag 30) has two octets a character.
  const text = new TextDecoder(value.tag === 0x1e ? 'utf-16be' : 'utf-8').decode(value.content);
  return `${attributes[id] ?? id}=${text.replace(/[,+"\\<>;]/g, '\\$&')}`;
}

function unreadable(): Error {
  return new Error('It is no certificate: what is in it ends before it should, or has another shape.');
}
