import { readDestinationPolicy } from '@sluice/domain';
import { Destinations } from '@sluice/service-shell';

const read = readDestinationPolicy('localhost,127.0.0.0/8,::1', '');
if (!('policy' in read)) throw new Error('The list of the tests cannot be read.');

/** Lets tests call receivers of their own on this machine. */
export const loopbackDestinations = new Destinations(read.policy, () => undefined);
