import { describe, expect, it } from '@jest/globals';
import { headersOfForms } from '../client-certificates/forms.js';
import { claimsIdentity, mayReachFlow } from './identity-headers.js';

describe('attack 8: a header that claims an identity', () => {
  it.each([
    'Client-Cert',
    'client_cert',
    'X-Forwarded-Client-Cert',
    'SSL_CLIENT_CERT',
    'ssl-client-s-dn',
    'X-SSL-Client-Verify',
    'x_amzn_mtls_clientcert',
    'X-SSL-Cert',
    'SSL_CLIENT_CERTIFICATE',
    'client.cert',
    'Client-Cert-Chain-2',
    'X-Forwarded-Tls-Client-Cert-Info',
    'X-ARR-ClientCert',
  ])('%s never reaches a flow', (name) => {
    expect(claimsIdentity(name)).toBe(true);
    expect(mayReachFlow(name)).toBe(false);
  });

  it.each(headersOfForms)('%s, in which a form passes a certificate on, never reaches a flow', (name) => {
    for (const spelling of [name, name.toUpperCase(), name.replace(/[_-]/g, '_'), name.replace(/[_-]/g, '.')]) {
      expect(claimsIdentity(spelling)).toBe(true);
      expect(mayReachFlow(spelling)).toBe(false);
    }
  });

  it.each(['id', 'x-order', 'client', 'ssl'])('%s is no such header', (name) => {
    expect(mayReachFlow(name)).toBe(true);
  });

  it.each(['Authorization', 'Cookie', 'Proxy-Authorization'])(
    '%s holds a secret and is not for flows either',
    (name) => {
      expect(mayReachFlow(name)).toBe(false);
    },
  );
});
