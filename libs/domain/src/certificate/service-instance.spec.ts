import { describe, expect, it } from '@jest/globals';
import {
  defaultInstanceParameters,
  entityNameViolation,
  mergeInstanceParameters,
  planViolation,
} from './service-instance.js';

const base = defaultInstanceParameters('integration-flow');

function violations(given: unknown): string[] {
  const merged = mergeInstanceParameters(base, given);
  return 'violations' in merged ? merged.violations.map(({ field, message }) => `${field} ${message}`) : [];
}

describe('a service instance', () => {
  it('has the defaults of its plan', () => {
    expect(base).toEqual({
      roles: ['ESBMessaging.send'],
      'grant-types': ['client_credentials'],
      'redirect-uris': [],
      'token-validity': 3_600,
    });
    expect(defaultInstanceParameters('api')['token-validity']).toBe(43_200);
  });

  it('keeps what an update does not name', () => {
    const merged = mergeInstanceParameters({ ...base, 'token-validity': 7_200 }, { roles: ['A'] });
    expect(merged).toEqual({ parameters: { ...base, 'token-validity': 7_200, roles: ['A'] } });
  });

  it('refuses client_x509 and says what to use', () => {
    expect(violations({ 'grant-types': ['client_x509'] })).toEqual([
      'parameters.grant-types[0] client_x509 is deprecated: use client_credentials',
    ]);
  });

  it.each([3_599, 86_401, 3_600.5, '3600', null])('refuses a token validity of %p', (value) => {
    expect(violations({ 'token-validity': value })).toHaveLength(1);
  });

  it.each([3_600, 86_400])('accepts a token validity of %p', (value) => {
    expect(violations({ 'token-validity': value })).toEqual([]);
  });

  it('names every rule that was broken, not the first alone', () => {
    expect(violations({ roles: ['a b', 'c'], colour: 1, 'redirect-uris': ['x'] })).toHaveLength(3);
  });

  it('refuses a role that is named twice, and no role at all', () => {
    expect(violations({ roles: ['A', 'A'] })).toHaveLength(1);
    expect(violations({ roles: [] })).toHaveLength(1);
  });

  it('does not take inherited names for parameters', () => {
    expect(violations({ constructor: 1 })).toHaveLength(1);
    expect(violations({ toString: 1 })).toHaveLength(1);
  });

  it.each(['a', 'A-b_c.9', 'x'.repeat(32)])('may be named %s', (name) => {
    expect(entityNameViolation(name)).toBeUndefined();
  });

  it.each(['', 'x'.repeat(33), 'a b', 'ä', 'a/b', 7, undefined])('may not be named %p', (name) => {
    expect(entityNameViolation(name)).toBeDefined();
  });

  it('knows two plans', () => {
    expect(planViolation('integration-flow')).toBeUndefined();
    expect(planViolation('api')).toBeUndefined();
    expect(planViolation('other')).toBeDefined();
  });
});
