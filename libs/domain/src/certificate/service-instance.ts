import type { FieldViolation } from '../error/sluice-error.js';
import { defaultRole, roleNameViolation } from '../role/user-role.js';

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

const entityName = /^[A-Za-z0-9._-]{1,32}$/;

/** Names of service instances and service keys: up to 32 characters `A-Z a-z 0-9 . _ -`. */
export function entityNameViolation(name: unknown, field = 'name'): FieldViolation | undefined {
  if (typeof name === 'string' && entityName.test(name)) return undefined;
  return { field, message: 'must be 1 to 32 of the characters A-Z a-z 0-9 . _ -' };
}

export function planViolation(plan: unknown): FieldViolation | undefined {
  if (plans.includes(plan as Plan)) return undefined;
  return { field: 'plan', message: `must be one of ${plans.join(', ')}` };
}

export function defaultInstanceParameters(plan: Plan): ServiceInstanceParameters {
  return {
    roles: plan === 'api' ? ['API.invoke'] : [defaultRole],
    'grant-types': ['client_credentials'],
    'redirect-uris': [],
    'token-validity': plan === 'api' ? 43_200 : 3_600,
  };
}

/** @returns the URI's fault, or undefined. A fragment would be lost on the way back (RFC 6749 §3.1.2). */
function redirectUriViolation(uri: unknown, field: string): FieldViolation | undefined {
  if (typeof uri === 'string' && /^[a-z][a-z0-9+.-]*:\/\/[^\s#]+$/i.test(uri)) return undefined;
  return { field, message: 'must be an absolute URI without a fragment' };
}

function listViolations(
  value: unknown,
  field: string,
  each: (item: unknown, field: string) => FieldViolation | undefined,
): FieldViolation[] {
  if (!Array.isArray(value)) return [{ field, message: 'must be an array' }];
  const seen = new Set<unknown>();
  return value.flatMap((item: unknown, index) => {
    const at = `${field}[${index}]`;
    if (seen.has(item)) return [{ field: at, message: 'stands in the list twice' }];
    seen.add(item);
    return each(item, at) ?? [];
  });
}

function grantTypeViolation(value: unknown, field: string): FieldViolation | undefined {
  if (grantTypes.includes(value as GrantType)) return undefined;
  if (value === 'client_x509') return { field, message: 'client_x509 is deprecated: use client_credentials' };
  return { field, message: `must be one of ${grantTypes.join(', ')}` };
}

const known: Readonly<Record<string, (value: unknown, field: string) => FieldViolation[]>> = {
  roles: (value, field) =>
    Array.isArray(value) && value.length === 0
      ? [{ field, message: 'must name at least one role' }]
      : listViolations(value, field, roleNameViolation),
  'grant-types': (value, field) =>
    Array.isArray(value) && value.length === 0
      ? [{ field, message: 'must name at least one grant type' }]
      : listViolations(value, field, grantTypeViolation),
  'redirect-uris': (value, field) => listViolations(value, field, redirectUriViolation),
  'token-validity': (value, field) =>
    Number.isInteger(value) && (value as number) >= 3_600 && (value as number) <= 86_400
      ? []
      : [{ field, message: 'must be a whole number of seconds from 3600 to 86400' }],
};

/**
 * Merges given parameters into a base, as creating (base: the plan's defaults) and updating (base: what is stored) do.
 * @returns the merged parameters, or every rule that was broken.
 */
export function mergeInstanceParameters(
  base: ServiceInstanceParameters,
  given: unknown,
): { parameters: ServiceInstanceParameters } | { violations: FieldViolation[] } {
  if (given === undefined || given === null) return { parameters: base };
  if (typeof given !== 'object' || Array.isArray(given)) {
    return { violations: [{ field: 'parameters', message: 'must be an object' }] };
  }
  const violations = Object.entries(given).flatMap(([name, value]) => {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule) return rule(value, `parameters.${name}`);
    return [{ field: `parameters.${name}`, message: `is not a parameter; known are ${Object.keys(known).join(', ')}` }];
  });
  return violations.length > 0 ? { violations } : { parameters: { ...base, ...given } };
}
