import { invalidArgument, predefinedRoles } from '@sluice/domain';

/** Asks authorization which of these roles do not exist. */
export type FindMissingRoles = (roles: readonly string[]) => Promise<readonly string[]>;

/** Injects a {@link FindMissingRoles}. */
export const FIND_MISSING_ROLES = Symbol('FIND_MISSING_ROLES');

/** @throws SluiceError `invalid-argument` naming each role that does not exist */
export async function requireRoles(roles: readonly string[], findMissing: FindMissingRoles): Promise<void> {
  const custom = roles.filter((role) => !predefinedRoles.has(role));
  if (custom.length === 0) return;
  const missing = new Set(await findMissing(custom));
  if (missing.size === 0) return;
  throw invalidArgument(
    roles.flatMap((role, index) =>
      missing.has(role)
        ? [{ field: `parameters.roles[${index}]`, message: `there is no user role ${role}: create it first` }]
        : [],
    ),
  );
}
