/**
 * The rights of administrators: roles of the product, predefined as user roles too, so that service instances of plan `api` can hold
 * them. Each operation of the admin API names the one it needs; a right has those that it includes as well.
 */
interface DefinedRight {
  readonly description: string;
  readonly includes: readonly string[];
}

const defined = {
  'Admin.all': { description: 'Everything at the admin API, also what later versions add to it.', includes: [] },
  'Monitoring.read': {
    description:
      'See every list but the audit trail, with messages as far as their status and error, and change nothing.',
    includes: [
      'Flows.read',
      'Credentials.read',
      'Keys.read',
      'Roles.read',
      'Trust.read',
      'Subscribers.read',
      'Tokens.read',
    ],
  },
  'Messages.read': { description: 'Read what messages carried: steps with payloads, and attachments.', includes: [] },
  'Audit.read': { description: 'Read the audit trail.', includes: [] },
  'Flows.read': { description: 'See flows.', includes: [] },
  'Flows.deploy': { description: 'Check, deploy and undeploy flows.', includes: ['Flows.read'] },
  'Credentials.read': { description: 'See the credentials of receiver channels, without secrets.', includes: [] },
  'Credentials.manage': {
    description: 'Store and remove credentials of receiver channels.',
    includes: ['Credentials.read'],
  },
  'Connectivity.test': { description: 'Connect to other hosts by connectivity tests.', includes: [] },
  'Keys.read': { description: 'See service instances and service keys, without secrets.', includes: [] },
  'Keys.manage': {
    description: 'Create, change, rotate, revoke and delete service instances and service keys.',
    includes: ['Keys.read'],
  },
  'Roles.read': { description: 'See user roles.', includes: [] },
  'Roles.manage': { description: 'Create, change and delete user roles.', includes: ['Roles.read'] },
  'Trust.read': { description: 'See trusted roots, their CRLs, and issuing CAs.', includes: [] },
  'Trust.manage': {
    description: 'Add and remove trusted roots and CRLs; prepare, activate, retire and revoke issuing CAs.',
    includes: ['Trust.read'],
  },
  'Subscribers.read': { description: 'See who may subscribe to events.', includes: [] },
  'Subscribers.manage': { description: 'Create and revoke subscribers of events.', includes: ['Subscribers.read'] },
  'Tokens.read': {
    description: 'See admin tokens, without the tokens themselves, and people with their sessions.',
    includes: [],
  },
  'Tokens.manage': {
    description: 'Create and revoke admin tokens, with no more rights than one has, and end the sessions of people.',
    includes: ['Tokens.read'],
  },
  'State.maintain': {
    description: 'Make the state stream anew, sign its records anew, and seal keys anew.',
    includes: [],
  },
} as const satisfies Readonly<Record<string, DefinedRight>>;

export type Right = keyof typeof defined;

/** By name, with what each is for. */
export const rights: Readonly<Record<Right, DefinedRight>> = defined;
export const rightNames = Object.keys(defined) as [Right, ...Right[]];

/** The right that has all others, and alone may give itself. */
export const allRights = 'Admin.all' satisfies Right;

/** The role without which no service key calls the admin API. It lets in and gives no right. */
export const apiRole = 'API.invoke';

export function isRight(role: string): role is Right {
  return Object.hasOwn(defined, role);
}

/** The rights that these roles are, and those that they include. Other roles give none. */
export function rightsOf(roles: readonly string[]): ReadonlySet<Right> {
  const held = roles.filter(isRight);
  return new Set(
    held.includes(allRights) ? rightNames : held.flatMap((right) => [right, ...(rights[right].includes as Right[])]),
  );
}

/** Which of these roles are rights that who holds `held` has not, and so may neither give nor take. */
export function rightsBeyond(roles: readonly string[], held: readonly string[]): Right[] {
  const own = rightsOf(held);
  return roles.filter(isRight).filter((right) => !own.has(right));
}
