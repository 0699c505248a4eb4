import type { GivenInstanceParameters } from '@sluice/contracts';
import type { ServiceInstanceParameters } from '@sluice/domain';

/** What a request names of the parameters; the rest is left as it is. */
export function named(given: GivenInstanceParameters | null | undefined): Partial<ServiceInstanceParameters> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined));
}
