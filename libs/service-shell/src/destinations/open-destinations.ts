import type { z } from 'zod';
import type { Shell } from '../shell.js';
import { destinationPolicyOf, type destinationEnvironment } from './destination-environment.js';
import { Destinations } from './destinations.js';

/** A host is logged once in so long: who asks for it again and again does not fill the log. */
const silentMs = 60_000;

/** The destinations of a service; those that were refused are logged and counted. */
export function openDestinations(shell: Shell, config: z.output<typeof destinationEnvironment>): Destinations {
  const refused = shell.metrics.counter(
    'sluice_destinations_refused_total',
    'Connections that the policy of destinations refused.',
  );
  const logged = new Map<string, number>();
  const destinations = new Destinations(destinationPolicyOf(config), (host, addresses) => {
    refused.inc();
    const now = performance.now();
    if (now - (logged.get(host) ?? Number.NEGATIVE_INFINITY) < silentMs) return;
    if (logged.size >= 1_000) logged.clear();
    logged.set(host, now);
    shell.log.warn({ host, addresses }, 'a destination was refused: ALLOWED_DESTINATIONS does not name it');
  });
  shell.onShutdown(() => destinations.close());
  return destinations;
}
