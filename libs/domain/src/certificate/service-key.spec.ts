import { describe, expect, it } from '@jest/globals';
import { readRevocationReason, readServiceKeyParameters } from './service-key.js';

function parameters(given: unknown) {
  const read = readServiceKeyParameters(given);
  if ('violations' in read)
    throw new Error(read.violations.map(({ field, message }) => `${field} ${message}`).join('; '));
  return read.parameters;
}

describe('the parameters of a service key', () => {
  it('default to an RSA certificate of 2048 bits for a year', () => {
    expect(parameters(undefined)).toEqual({
      'key-type': 'certificate',
      validity: 365,
      'key-algorithm': 'RSA',
      'key-length': 2048,
    });
  });

  it('give an elliptic key no length', () => {
    expect(parameters({ 'key-algorithm': 'P-256' })).toEqual({
      'key-type': 'certificate',
      validity: 365,
      'key-algorithm': 'P-256',
    });
    expect(() => parameters({ 'key-algorithm': 'P-256', 'key-length': 256 })).toThrow(
      'key-length goes with key-algorithm RSA only',
    );
  });

  it.each([0, 366, 1.5, '30', null])('refuse a validity of %p days', (validity) => {
    expect(() => parameters({ validity })).toThrow('parameters.validity');
  });

  it.each([1024, 2047, 8192, '2048'])('refuse an RSA key of %p bits', (length) => {
    expect(() => parameters({ 'key-length': length })).toThrow('parameters.key-length');
  });

  it('pin an external certificate unless told otherwise', () => {
    expect(parameters({ 'key-type': 'certificate_external', 'X.509': 'pem' })).toMatchObject({
      'pin-certificate': true,
    });
    expect(() => parameters({ 'key-type': 'certificate_external' })).toThrow('parameters.X.509');
    expect(() => parameters({ 'key-type': 'certificate_external', 'X.509': 'pem', 'pin-certificate': 'no' })).toThrow(
      'pin-certificate',
    );
  });

  it('take a certification request with a validity, and nothing of a key pair that is not ours', () => {
    expect(parameters({ 'key-type': 'certificate_request', 'certificate-request': 'pem' })).toEqual({
      'key-type': 'certificate_request',
      'certificate-request': 'pem',
      validity: 365,
    });
    expect(() => parameters({ 'key-type': 'certificate_request' })).toThrow('parameters.certificate-request');
    expect(() =>
      parameters({ 'key-type': 'certificate_request', 'certificate-request': 'pem', 'key-algorithm': 'RSA' }),
    ).toThrow('parameters.key-algorithm is not a parameter of key type certificate_request');
  });

  it('refuse a parameter of another type of key', () => {
    expect(() => parameters({ 'key-type': 'client_secret', validity: 1 })).toThrow(
      'parameters.validity is not a parameter of key type client_secret',
    );
    expect(() => parameters({ 'key-type': 'x' })).toThrow('parameters.key-type');
  });
});

describe('a reason for a revocation', () => {
  it('is one of RFC 5280, and not a hold', () => {
    expect(readRevocationReason(undefined)).toEqual({ reason: 'unspecified' });
    expect(readRevocationReason('keyCompromise')).toEqual({ reason: 'keyCompromise' });
    expect(readRevocationReason('certificateHold')).toMatchObject({ violation: { field: 'reason' } });
    expect(readRevocationReason(1)).toMatchObject({ violation: { field: 'reason' } });
  });
});
