import { describe, expect, it } from '@jest/globals';
import { readEnvironment } from '@sluice/service-shell';
import { settings } from '../config.js';

const needed = {
  NATS_URL: 'nats://127.0.0.1:1',
  NATS_SEED_FILE: import.meta.filename,
  NATS_CA_FILE: import.meta.filename,
  ADMIN_PORT: '0',
};
const provider = {
  ADMIN_API_URL: 'https://sluice.example.com',
  OIDC_ISSUER: 'https://id.example.com',
  OIDC_CLIENT_ID: 'sluice',
  OIDC_GROUP_RIGHTS: '{"operators": ["Monitoring.read"]}',
};
const read = (environment: Readonly<Record<string, string>>) =>
  readEnvironment('admin-api', settings['admin-api'], { ...needed, ...environment });

describe('the settings of the provider of identities', () => {
  it('are none at all, or those that are needed', () => {
    expect(read({}).OIDC_ISSUER).toBeUndefined();
    // Compose passes on what is not set as an empty text.
    expect(read(Object.fromEntries(Object.keys(provider).map((name) => [name, '']))).OIDC_CLIENT_ID).toBeUndefined();
    expect(read(provider)).toMatchObject({ OIDC_SCOPES: 'openid profile email', OIDC_SESSION_IDLE_MINUTES: 30 });
  });

  it.each(['ADMIN_API_URL', 'OIDC_CLIENT_ID', 'OIDC_GROUP_RIGHTS'])('end the start where %s is missing', (name) => {
    expect(() => read({ ...provider, [name]: '' })).toThrow(`admin-api cannot start: ${name} is not set.`);
  });

  it('end the start where they say nothing, for the issuer is missing', () => {
    expect(() => read({ OIDC_CLIENT_ID: 'sluice' })).toThrow(
      'OIDC_CLIENT_ID is wrong: says nothing without OIDC_ISSUER',
    );
  });

  it.each([
    [
      '{"operators": ["Monitoring.all"]}',
      /gives the group operators "Monitoring\.all", which is no right; there are Admin\.all, /,
    ],
    ['{"operators": ["constructor"]}', /which is no right/],
    ['{"operators": [1]}', /which is no right/],
    ['{"operators": "Admin.all"}', /must name a list of rights for the group operators/],
    ['{"operators": []}', /must name a list of rights/],
    ['{}', /must name at least one group/],
    ['[]', /must be a JSON object/],
    ['operators', /must be a JSON object/],
  ])('end the start for rights of groups that are none: %s', (text, why) => {
    expect(() => read({ ...provider, OIDC_GROUP_RIGHTS: text })).toThrow(why);
  });

  it.each([
    'http://id.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'ftp://localhost',
    'id.example.com',
    'https://id.example.com?a',
    'https://a@id.example.com',
  ])('end the start for an issuer that secrets may not go to: %s', (issuer) =>
    expect(() => read({ ...provider, OIDC_ISSUER: issuer })).toThrow(/OIDC_ISSUER is wrong: must be an https/),
  );

  it.each([
    'http://localhost:9000',
    'http://127.0.0.1:9000/realms/main',
    'http://[::1]:9000',
    'https://id.example.com/realms/main',
  ])('take an issuer on this machine, or by TLS: %s', (issuer) =>
    expect(read({ ...provider, OIDC_ISSUER: issuer }).OIDC_ISSUER).toBe(issuer),
  );

  it.each([
    ['ADMIN_API_URL', 'https://sluice.example.com/admin'],
    ['ADMIN_API_URL', 'sluice.example.com'],
    ['OIDC_SCOPES', 'profile'],
    ['OIDC_SESSION_HOURS', '169'],
    ['OIDC_SESSION_IDLE_MINUTES', '0'],
    ['OIDC_CLIENT_SECRET_FILE', '/nowhere/secret'],
  ])('end the start where %s is %s', (name, value) => {
    expect(() => read({ ...provider, [name]: value })).toThrow(`${name} is wrong`);
  });
});
