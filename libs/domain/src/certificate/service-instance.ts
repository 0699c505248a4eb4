import { apiRole } from '../role/right.js';
import { defaultRole } from '../role/user-role.js';

export const plans = ['integration-flow', 'api'] as const;
export type Plan = (typeof plans)[number];

export const grantTypes = [
  'client_credentials',
  'authorization_code',
  'password',
  'refresh_token',
  'saml2_bearer',
  'jwt_bearer',
] as const;
export type GrantType = (typeof grantTypes)[number];

/** Parameters of a service instance, spelt as the reference spells them. `token-validity` is in seconds. */
export interface ServiceInstanceParameters {
  readonly roles: readonly string[];
  readonly 'grant-types': readonly GrantType[];
  readonly 'redirect-uris': readonly string[];
  readonly 'token-validity': number;
}

export function defaultInstanceParameters(plan: Plan): ServiceInstanceParameters {
  return {
    roles: plan === 'api' ? [apiRole] : [defaultRole],
    'grant-types': ['client_credentials'],
    'redirect-uris': [],
    'token-validity': plan === 'api' ? 43_200 : 3_600,
  };
}
