import { flowAddressViolation } from '@sluice/domain';

/**
 * Checks a sender address by the one rule that requests are matched by: what could not be reached is not deployed.
 * @returns what is wrong, or null
 */
export function checkAddress(address: string): string | null {
  const violation = flowAddressViolation(address);
  return violation === undefined ? null : `An address ${violation}.`;
}
