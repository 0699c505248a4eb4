import { parseDistinguishedName, roleNameViolation, type SenderAuthorization } from '@sluice/domain';

/** What of a sender's authorization cannot be used. */
export interface AuthorizationFault {
  /** Below the authorization: `certificates[1].subjectDN`. */
  readonly path: string;
  readonly message: string;
}

/**
 * Reads what an authorization lists, as the decision about a caller does: a name that cannot be read, or a role that cannot
 * exist, is found when the flow is deployed, never first at a request.
 */
export function checkAuthorization(authorization: SenderAuthorization): AuthorizationFault[] {
  if (authorization.type === 'UserRole') {
    const violation = roleNameViolation(authorization.role, 'role');
    const message = violation && `The role ${JSON.stringify(authorization.role)} ${violation.message}.`;
    return message === undefined ? [] : [{ path: 'role', message }];
  }
  return authorization.certificates.flatMap((pair, index) =>
    (['subjectDN', 'issuerDN'] as const).flatMap((field) => {
      const message = faultOfName(pair[field]);
      return message === undefined ? [] : [{ path: `certificates[${index}].${field}`, message }];
    }),
  );
}

function faultOfName(written: string): string | undefined {
  try {
    return parseDistinguishedName(written).length === 0 ? 'The distinguished name is empty.' : undefined;
  } catch (error) {
    if (error instanceof Error) return `${error.message} It is "${written}".`;
    throw error;
  }
}
