import { SluiceError } from '@sluice/domain';
import type { SignedInPerson } from '@sluice/contracts';
import { rightsOfGroups, type GroupRights } from './group-rights.js';

export interface ClaimSettings {
  readonly nameClaim: string;
  readonly groupsClaim: string;
  readonly groupRights: GroupRights;
}

export type Claims = Readonly<Record<string, unknown>>;

const maxShownLength = 256;

/** Whether a person can be made of these claims, or more are to be asked for. */
export function isWhole(claims: Claims, { nameClaim, groupsClaim }: ClaimSettings): boolean {
  return claimOf(claims, nameClaim) !== undefined && claimOf(claims, groupsClaim) !== undefined;
}

/**
 * Who signed in, with the rights of the groups.
 * @param claims checked, of the id token and what belongs to the same subject
 * @throws SluiceError `permission-denied` for who is in no group that gives rights, or has no name to be shown by
 */
export function personOfClaims(claims: Claims, settings: ClaimSettings): SignedInPerson {
  const { iss, sub } = claims as { iss: string; sub: string };
  const { nameClaim, groupsClaim, groupRights } = settings;
  const name = claimOf(claims, nameClaim);
  const shown = typeof name === 'string' ? name.trim() : '';
  if (shown === '' || shown.length > maxShownLength || /\p{C}/u.test(shown))
    throw new SluiceError(
      'permission-denied',
      `The provider says no ${nameClaim} of you that people could be shown by: have it sent, or set OIDC_NAME_CLAIM to a claim that is.`,
    );
  // Somebody may have written another's address into their own account.
  if (
    nameClaim === 'email' &&
    claims['email_verified'] !== undefined &&
    claims['email_verified'] !== true &&
    claims['email_verified'] !== 'true'
  )
    throw new SluiceError(
      'permission-denied',
      `The provider has not verified that ${shown} is yours: verify it there.`,
    );
  const given = claimOf(claims, groupsClaim);
  const groups = (Array.isArray(given) ? given : [given]).filter((group) => typeof group === 'string');
  const roles = rightsOfGroups(groupRights, groups);
  if (roles.length === 0)
    throw new SluiceError(
      'permission-denied',
      given === undefined
        ? `You are signed in at the provider as ${shown}, and it says no groups of you (claim ${groupsClaim}): have them sent, then sign in again.`
        : `You are signed in at the provider as ${shown}, and no group of yours has rights here: ask an administrator to put you into one, then sign in again.`,
    );
  return { issuer: iss, subject: sub, shown, roles };
}

/** A claim by its name, or within others by names with dots between them. */
function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name
    .split('.')
    .reduce<unknown>(
      (value, part) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, part)
          ? (value as Record<string, unknown>)[part]
          : undefined,
      claims,
    );
}
