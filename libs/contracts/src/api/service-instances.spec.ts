import { describe, expect, it } from '@jest/globals';
import { violationsOf } from '../operation/violations.js';
import { instanceParameters } from './service-instances.js';

const broken = (given: unknown): string[] => {
  const { error } = instanceParameters.safeParse(given);
  return error ? violationsOf(error).map(({ field, message }) => `${field} ${message}`) : [];
};

describe('the parameters of a service instance', () => {
  it('may be named in part', () => {
    expect(broken({})).toEqual([]);
    expect(broken({ roles: ['A'] })).toEqual([]);
  });

  it('refuse client_x509 and say what to use', () => {
    expect(broken({ 'grant-types': ['client_x509'] })).toEqual([
      'grant-types[0] client_x509 is deprecated: use client_credentials',
    ]);
    expect(broken({ 'grant-types': ['x'] })[0]).toContain('must be one of client_credentials');
  });

  it.each([3_599, 86_401, 3_600.5, '3600', null])('refuse a token validity of %p', (value) => {
    expect(broken({ 'token-validity': value })).toEqual([
      'token-validity must be a whole number of seconds from 3600 to 86400',
    ]);
  });

  it.each([3_600, 86_400])('accept a token validity of %p', (value) => {
    expect(broken({ 'token-validity': value })).toEqual([]);
  });

  it('name every rule that was broken, not the first alone', () => {
    expect(broken({ roles: ['a b', 'c'], colour: 1, 'redirect-uris': ['x'] })).toEqual([
      'roles[0] must be a role name: 1 to 255 of the characters a-z A-Z 0-9 _ .',
      'redirect-uris[0] must be an absolute URI without a fragment',
      'colour is not a parameter; known are roles, grant-types, redirect-uris, token-validity',
    ]);
  });

  it('refuse a role that is named twice, no role at all, and what is no list', () => {
    expect(broken({ roles: ['A', 'A'] })).toEqual(['roles[1] stands in the list twice']);
    expect(broken({ roles: [] })).toEqual(['roles must name at least one role']);
    expect(broken({ 'grant-types': [] })).toEqual(['grant-types must name at least one grant type']);
    expect(broken({ roles: 'A' })).toEqual(['roles must be an array']);
  });

  it('do not take inherited names for parameters', () => {
    expect(broken({ constructor: 1 })).toHaveLength(1);
    expect(broken({ toString: 1 })).toHaveLength(1);
  });
});
