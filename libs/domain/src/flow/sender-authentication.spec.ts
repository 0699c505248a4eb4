import { describe, expect, it } from '@jest/globals';
import { admittedBy, authenticationViolation } from './sender-authentication.js';

const role = { type: 'UserRole', role: 'A' } as const;
const names = { type: 'ClientCertificate', certificates: [] } as const;

describe('what a sender channel admits', () => {
  it('is certificate and token unless it says otherwise, and never Basic', () => {
    expect(admittedBy({ authorization: role })).toEqual(['certificate', 'token']);
    expect(admittedBy({ authorization: role, authentication: ['basic'] })).toEqual(['basic']);
  });

  it('is a certificate alone where names of certificates are compared, whatever a record says', () => {
    expect(admittedBy({ authorization: names })).toEqual(['certificate']);
    expect(admittedBy({ authorization: names, authentication: ['token', 'basic'] })).toEqual(['certificate']);
  });

  it('cannot be what names of certificates do not allow, nothing, or one way twice', () => {
    expect(authenticationViolation({ authorization: names })).toBeUndefined();
    expect(authenticationViolation({ authorization: names, authentication: ['certificate'] })).toBeUndefined();
    expect(authenticationViolation({ authorization: names, authentication: ['certificate', 'token'] })).toMatch(
      /token/,
    );
    expect(authenticationViolation({ authorization: names, authentication: [] })).toMatch(/nothing/);
    expect(authenticationViolation({ authorization: role, authentication: [] })).toMatch(/Nobody/);
    expect(authenticationViolation({ authorization: role, authentication: ['token', 'token'] })).toMatch(/twice/);
    expect(authenticationViolation({ authorization: role, authentication: ['basic', 'token'] })).toBeUndefined();
  });
});
