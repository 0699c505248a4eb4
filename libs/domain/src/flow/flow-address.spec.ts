import { describe, expect, it } from '@jest/globals';
import { canonicalRequestPath, flowAddressViolation, FlowRoutes } from './flow-address.js';

describe('the address of a flow', () => {
  it.each(['/orders', '/orders/', '/', '/orders/new', '/orders/*', '/*', '/a.b_c~d-e', '/v1:batch'])(
    'may be %s',
    (address) => {
      expect(flowAddressViolation(address)).toBeUndefined();
    },
  );

  it.each([
    'orders',
    '',
    '//',
    '//orders',
    '/orders//',
    '/orders//*',
    '/a/../b',
    '/./a',
    '/a*',
    '/*/a',
    '/a b',
    '/a%2Fb',
    '/a;x=1',
    '/a\\b',
    7,
  ])('may not be %p', (address) => {
    expect(flowAddressViolation(address)).toBeDefined();
  });
});

describe('attack 27: the path of a request', () => {
  it.each(['/http/orders', '/http/orders?x=/../%2f', '/http/a%20b', '/http/%C3%A4', '/'])(
    'is taken as it stands when it is canonical: %s',
    (target) => {
      expect(canonicalRequestPath(target)).toBe(target.split('?')[0]);
    },
  );

  it.each([
    ['an empty segment', '/http//orders'],
    ['a dot segment', '/http/./orders'],
    ['a double dot segment', '/http/x/../orders'],
    ['two trailing slashes', '/http/orders//'],
    ['an encoded slash', '/http%2Forders'],
    ['an encoded dot', '/http/%2E%2E/orders'],
    ['an encoded letter', '/http/%6Frders'],
    ['a lower-case escape', '/http/%c3%a4'],
    ['half an escape', '/http/orders%2'],
    ['a path parameter', '/http/orders;x=1'],
    ['an encoded semicolon', '/http/orders%3Bx'],
    ['a backslash', '/http\\orders'],
    ['an encoded backslash', '/http/%5Corders'],
    ['a NUL', '/http/orders%00'],
    ['a control character', '/http/or\u0001ders'],
    ['a raw byte over 127', '/http/\u00e4'],
    ['over-long UTF-8', '/http/%C0%AForders'],
    ['a lone continuation byte', '/http/%80'],
    ['an absolute URL', 'https://other/http/orders'],
    ['an asterisk form', '*'],
    ['a fragment', '/http/orders#a'],
  ])('is refused with %s', (_what, target) => {
    expect(canonicalRequestPath(target)).toBeUndefined();
  });
});

describe('the routes', () => {
  it('prefer the exact address, then the longest address above', () => {
    const routes = new FlowRoutes<string>();
    for (const address of ['/*', '/orders', '/orders/*', '/orders/eu/*'])
      expect(routes.add(address, address)).toBe(true);
    expect(routes.find('/orders')).toBe('/orders');
    expect(routes.find('/orders/eu/7')).toBe('/orders/eu/*');
    expect(routes.find('/orders/us')).toBe('/orders/*');
    expect(routes.find('/ordersX')).toBe('/*');
  });

  it('tell an address with a slash at its end from the one without', () => {
    const routes = new FlowRoutes<string>();
    routes.add('/soap/', 'with');
    expect(routes.find('/soap/')).toBe('with');
    expect(routes.find('/soap')).toBeUndefined();
    expect(canonicalRequestPath('/http/soap/')).toBe('/http/soap/');
  });

  it('give an address to one flow only', () => {
    const routes = new FlowRoutes<string>();
    routes.add('/orders', 'first');
    expect(routes.add('/orders', 'second')).toBe(false);
    expect(routes.find('/orders')).toBe('first');
  });
});
