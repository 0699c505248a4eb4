import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { readClientCert } from './rfc9440.js';

const der = Buffer.from('3003020101', 'hex');
const value = `:${der.toString('base64')}:`;
const read = (...headers: [string, string][]) =>
  readClientCert({ rawHeaders: headers.flat() } as unknown as IncomingMessage);

describe('the certificate a load balancer passes on', () => {
  it('is read from Client-Cert, in whatever case the name is written', () => {
    expect(read(['Client-Cert', value])).toEqual({ leaf: der, chain: [] });
    expect(read(['client-cert', value])).toEqual({ leaf: der, chain: [] });
  });

  it('comes with the others in Client-Cert-Chain', () => {
    expect(read(['Client-Cert', value], ['Client-Cert-Chain', `${value}, ${value}`])).toEqual({
      leaf: der,
      chain: [der, der],
    });
  });

  it('attack 11: is absent when the header is absent', () => {
    expect(read(['Connection', 'Client-Cert'])).toBeUndefined();
  });

  it.each(['Client_Cert', 'CLIENT_CERT', 'client-cert_chain', 'Client-Certificate'])(
    'attack 10: is refused beside a header named %s',
    (name) => {
      expect(() => read(['Client-Cert', value], [name, value])).toThrow('could take for Client-Cert');
      expect(() => read([name, value])).toThrow('could take for Client-Cert');
    },
  );

  it('attack 12: is refused when the header comes twice or joined', () => {
    expect(() => read(['Client-Cert', value], ['client-cert', value])).toThrow('twice');
    expect(() => read(['Client-Cert', `${value}, ${value}`])).toThrow('RFC 9440');
    expect(() => read(['Client-Cert', value], ['Client-Cert-Chain', value], ['Client-Cert-Chain', value])).toThrow(
      'twice',
    );
  });

  it.each([
    ['with parameters', `${value};a=1`],
    ['as a string', `"${der.toString('base64')}"`],
    ['without colons', der.toString('base64')],
    ['empty', '::'],
    ['in base64url', `:${Buffer.from([255, 254, 253]).toString('base64url')}_:`],
    ['with a blank', `: ${der.toString('base64')}:`],
    ['with bits that mean nothing', ':MAMCAQF=:'],
    ['with something after the certificate', `:${Buffer.concat([der, Buffer.from([0])]).toString('base64')}:`],
    ['cut off', `:${der.subarray(0, 4).toString('base64')}:`],
    ['with a length in a longer form', `:${Buffer.from('308103020101', 'hex').toString('base64')}:`],
    ['without an end', `:${Buffer.from('30800201010000', 'hex').toString('base64')}:`],
  ])('attack 12: is refused %s', (_how, header) => {
    expect(() => read(['Client-Cert', header])).toThrow('RFC 9440');
  });

  it('attack 13: is refused when the chain comes without it', () => {
    expect(() => read(['Client-Cert-Chain', value])).toThrow('without Client-Cert');
  });
});
