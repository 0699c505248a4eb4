import { describe, expect, it } from '@jest/globals';
import type { SluiceError } from '@sluice/domain';
import { readBody } from '../operation/read-request.js';
import { createServiceKey, revokeServiceKey, rotateServiceKey } from './service-keys.js';
import { serviceKeyParameters } from './service-key.js';

const broken = (schema: Parameters<typeof readBody>[0], body: unknown): string[] => {
  try {
    readBody(schema, body);
    return [];
  } catch (error) {
    const { violations } = (error as SluiceError).details as { violations: { field: string; message: string }[] };
    return violations.map(({ field, message }) => `${field} ${message}`);
  }
};
const bodyOf = (operation: { http: { body?: { schema?: unknown } | undefined } }) =>
  operation.http.body?.schema as Parameters<typeof readBody>[0];
const parameters = (given: unknown) => broken(bodyOf(createServiceKey), { name: 'key', parameters: given });

describe('the parameters of a service key', () => {
  it('are those of a certificate for a year when none is named', () => {
    expect(serviceKeyParameters.parse({})).toEqual({ validity: 365, 'key-algorithm': 'RSA' });
  });

  it('give an elliptic key no length', () => {
    expect(parameters({ 'key-algorithm': 'P-256' })).toEqual([]);
    expect(parameters({ 'key-algorithm': 'P-256', 'key-length': 2048 })).toEqual([
      'parameters.key-length goes with key-algorithm RSA only',
    ]);
  });

  it.each([0, 366, 1.5, '30', null])('refuse a validity of %p days', (validity) => {
    expect(parameters({ validity })).toEqual(['parameters.validity must be a whole number of days from 1 to 365']);
  });

  it.each([1024, 2047, 8192, '2048'])('refuse an RSA key of %p bits', (length) => {
    expect(parameters({ 'key-length': length })).toEqual(['parameters.key-length must be one of 2048, 3072, 4096']);
  });

  it('pin an external certificate unless told otherwise', () => {
    const external = { 'key-type': 'certificate_external', 'X.509': 'pem' };
    expect(serviceKeyParameters.parse(external)).toMatchObject({ 'pin-certificate': true });
    expect(parameters({ 'key-type': 'certificate_external' })).toEqual([
      'parameters.X.509 must be one X.509 certificate in PEM',
    ]);
    expect(parameters({ ...external, 'pin-certificate': 'no' })).toEqual([
      'parameters.pin-certificate must be true or false',
    ]);
  });

  it('take a certification request with a validity, and nothing of a key pair that is not ours', () => {
    const request = { 'key-type': 'certificate_request', 'certificate-request': 'pem' };
    expect(serviceKeyParameters.parse(request)).toEqual({ ...request, validity: 365 });
    expect(parameters({ 'key-type': 'certificate_request', 'certificate-request': ' ' })).toHaveLength(1);
    expect(parameters({ ...request, 'key-algorithm': 'RSA' })).toEqual([
      'parameters.key-algorithm is not a parameter of key type certificate_request; known are key-type, certificate-request, validity',
    ]);
  });

  it('are of a type that is known, and an object', () => {
    expect(parameters({ 'key-type': 'x' })).toEqual([
      'parameters.key-type must be one of client_secret, certificate, certificate_external, certificate_request',
    ]);
    for (const given of [null, 7, [], 'x']) expect(parameters(given)).toEqual(['parameters must be an object']);
  });

  it('are looked at together with the name: every rule that was broken is told', () => {
    expect(broken(bodyOf(createServiceKey), { name: 'a b', parameters: { validity: 0 }, nmae: 'x' })).toEqual([
      'name must be 1 to 32 of the characters A-Z a-z 0-9 . _ -',
      'parameters.validity must be a whole number of days from 1 to 365',
      'nmae is not known here; known are name, parameters',
    ]);
  });

  it.each(['', 'x'.repeat(33), 'a b', 'ä', 'a/b', 7, undefined])('come with a name that is not %p', (name) => {
    expect(broken(bodyOf(createServiceKey), { name })).toHaveLength(1);
  });
});

describe('a rotation', () => {
  it('has an overlap of a week unless told otherwise, of a year at the most', () => {
    expect(readBody(bodyOf(rotateServiceKey), {})).toEqual({ overlapSeconds: 604_800 });
    expect(broken(bodyOf(rotateServiceKey), { overlapSeconds: 400 * 86_400, retireAfterUnusedDays: 0 })).toEqual([
      'overlapSeconds must be a whole number of seconds from 0 to 31536000',
      'retireAfterUnusedDays must be a whole number of days from 1 to 365',
    ]);
  });
});

describe('a reason for a revocation', () => {
  it('is one of RFC 5280, unspecified when none is named, and not a hold', () => {
    expect(readBody(bodyOf(revokeServiceKey), {})).toEqual({ reason: 'unspecified' });
    expect(broken(bodyOf(revokeServiceKey), { reason: 'keyCompromise' })).toEqual([]);
    expect(broken(bodyOf(revokeServiceKey), { reason: 'certificateHold' })[0]).toContain('nothing can be put on hold');
    expect(broken(bodyOf(revokeServiceKey), { reason: 1 })).toHaveLength(1);
  });
});
