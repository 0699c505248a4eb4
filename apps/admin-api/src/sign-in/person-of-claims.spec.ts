import { describe, expect, it } from '@jest/globals';
import type { Right } from '@sluice/domain';
import { personOfClaims, type Claims } from './person-of-claims.js';

const groupRights = new Map<string, readonly Right[]>([['operators', ['Monitoring.read']]]);
const claims = { iss: 'https://id.example', sub: '1', groups: ['operators'], email: 'anna@example.com' };
const person = (more: Claims = {}) =>
  personOfClaims({ ...claims, ...more }, { nameClaim: 'email', groupsClaim: 'groups', groupRights });

describe('a person who is shown by an address', () => {
  it.each([undefined, true, 'true'])(
    'is one whose provider says that it is verified, or says nothing: %s',
    (verified) =>
      expect(person(verified === undefined ? {} : { email_verified: verified }).shown).toBe('anna@example.com'),
  );

  it.each([false, 'false', 'no', 0, null])('is nobody whose provider says anything else of it: %s', (verified) =>
    expect(() => person({ email_verified: verified })).toThrow('has not verified'),
  );
});
