import { readDestinationPolicy, type DestinationPolicy } from '@sluice/domain';
import { z } from 'zod';

/** What a service that connects where others say is told of destinations (docs/destinations.md). */
export const destinationEnvironment = z.object({
  ALLOWED_DESTINATIONS: z
    .string()
    .default('')
    .superRefine((list, context) => {
      const read = readDestinationPolicy(list, '');
      if ('allowedFault' in read && read.allowedFault !== undefined) context.addIssue(read.allowedFault);
    })
    .describe(
      'Hosts, addresses and networks that may be connected to though they are closed, or refused, separated by commas.',
    ),
  REFUSED_DESTINATIONS: z
    .string()
    .default('')
    .superRefine((list, context) => {
      const read = readDestinationPolicy('', list);
      if ('refusedFault' in read && read.refusedFault !== undefined) context.addIssue(read.refusedFault);
    })
    .describe(
      'Addresses and networks that may not be connected to, beyond loopback, link-local, multicast and metadata addresses.',
    ),
});

/** @throws Error for lists that the schema refuses */
export function destinationPolicyOf(config: z.output<typeof destinationEnvironment>): DestinationPolicy {
  const read = readDestinationPolicy(config.ALLOWED_DESTINATIONS, config.REFUSED_DESTINATIONS);
  if ('policy' in read) return read.policy;
  throw new Error(read.allowedFault ?? read.refusedFault);
}
