import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MalformedPem } from './decode-pem.js';
import { encodePem } from './encode-pem.js';
import { readDerOrPem } from './read-der-or-pem.js';

const der = Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x2d);
const pem = encodePem(der, 'X509 CRL');

describe('a file that is DER or PEM', () => {
  it.each<[string, string | Uint8Array]>([
    ['DER', der],
    ['PEM', pem],
    ['PEM after a blank line', `\n${pem}`],
    ['PEM after a byte order mark', `\uFEFF${pem}`],
    ['PEM with blanks before its lines', pem.replace(/^/gm, '  ')],
    ['PEM after what openssl crl -text prints', `Certificate Revocation List (CRL):\n    Version 2 (0x1)\n${pem}`],
    ['PEM after text that begins like DER', `0 entries\n${pem}`],
    ['PEM with Windows line breaks', pem.replaceAll('\n', '\r\n')],
    ['PEM in UTF-16, as PowerShell writes it', Buffer.from(`\uFEFF${pem}`, 'utf16le')],
  ])('is read from %s', (_what, content) => {
    expect(Buffer.from(readDerOrPem(Buffer.from(content as string), 'X509 CRL'))).toEqual(Buffer.from(der));
  });

  it.each([
    ['another thing', encodePem(der)],
    ['a private key', encodePem(der, 'PRIVATE KEY')],
    ['two of them', pem + pem],
    ['one cut short', pem.slice(0, -20)],
  ])('is refused when it is PEM of %s', (_what, content) => {
    expect(() => readDerOrPem(Buffer.from(content), 'X509 CRL')).toThrow(MalformedPem);
  });

  it('is taken for DER when it is one whole element, whatever text stands in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (bytes) => {
        const text = Buffer.concat([bytes, Buffer.from(pem)]);
        const length =
          text.length < 128
            ? [text.length]
            : text.length < 256
              ? [0x81, text.length]
              : [0x82, text.length >> 8, text.length & 255];
        const whole = Buffer.concat([Buffer.of(0x30, ...length), text]);
        expect(readDerOrPem(whole, 'X509 CRL')).toBe(whole);
      }),
    );
  });
});
