import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodePem, decodePemBlocks, MalformedPem } from './decode-pem.js';
import { encodePem } from './encode-pem.js';

const der = Uint8Array.from({ length: 200 }, (_, index) => index);
const pem = encodePem(der);

describe('decodePem', () => {
  it.each([
    ['with its line breaks', pem],
    ['with Windows line breaks', pem.replace(/\n/g, '\r\n')],
    ['with line breaks written as \\n', pem.replace(/\n/g, '\\n')],
    ['with line breaks written as \\r\\n', pem.replace(/\n/g, '\\r\\n')],
    ['with blanks for line breaks', pem.replace(/\n/g, ' ')],
    ['with the line breaks lost', pem.replace(/\n/g, '')],
    ['with a byte order mark and text around it', `\uFEFFsubject=CN = a\n${pem}\nmore`],
  ])('reads a certificate %s', (_how, text) => {
    expect(decodePem(text)).toEqual([der]);
  });

  it('reads several blocks in their order, run together as well', () => {
    const other = Uint8Array.of(1, 2, 3);
    expect(decodePem((pem + encodePem(other)).replace(/\n/g, ''))).toEqual([der, other]);
  });

  it('tells the labels of other blocks', () => {
    expect(decodePemBlocks(encodePem(der, 'X509 CRL'))).toEqual([{ label: 'X509 CRL', der }]);
  });

  it.each([
    ['no PEM at all', 'hello'],
    ['an empty text', ''],
    ['a block without an end', pem.replace('-----END CERTIFICATE-----', '')],
    ['an end of another label', pem.replace('END CERTIFICATE', 'END X509 CRL')],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----'],
    ['characters that are no base64', pem.replace('AAEC', 'A*EC')],
    ['base64 cut short', pem.replace('AAEC', 'AAE')],
    ['base64 with stray bits', '-----BEGIN CERTIFICATE-----\nAB==\n-----END CERTIFICATE-----'],
    ['a good block and a broken one', `${pem}-----BEGIN CERTIFICATE-----\nAAAA\n`],
  ])('refuses %s', (_what, text) => {
    expect(() => decodePem(text)).toThrow(MalformedPem);
  });

  it('refuses a private key where a certificate is wanted, and does not print it', () => {
    const secret = encodePem(der, 'PRIVATE KEY');
    expect(() => decodePem(secret)).toThrow(/PRIVATE KEY where a CERTIFICATE/);
    expect(() => decodePem(secret)).not.toThrow(/AAEC/);
  });

  it('gives back what encodePem wrote, whatever the bytes and the line breaks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.constantFrom('\n', '\r\n', '\\n', ' ', ''),
        (content, lineBreak) => {
          expect(decodePem(encodePem(content).replace(/\n/g, lineBreak))).toEqual([content]);
        },
      ),
    );
  });

  it('takes time in proportion to the text', () => {
    const start = process.threadCpuUsage();
    expect(() => decodePem('-----BEGIN CERTIFICATE-----'.repeat(40_000))).toThrow(MalformedPem);
    expect(process.threadCpuUsage(start).user).toBeLessThan(1_000_000);
  });
});

describe('encodePem', () => {
  it('writes lines of 64 characters', () => {
    expect(
      pem
        .split('\n')
        .slice(1, -2)
        .every((line) => line.length <= 64),
    ).toBe(true);
    expect(pem.split('\n')[1]).toHaveLength(64);
  });
});
