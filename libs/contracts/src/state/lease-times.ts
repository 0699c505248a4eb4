/** How long what is remembered of the state stream is trusted after it was last known to be whole, in milliseconds: the default of `LEASE_MS`. */
export const defaultLeaseMs = 10_000;

/** The same with several servers of NATS: they elect another leader after four to nine seconds, and the stream is confirmed after that. */
export const clusterLeaseMs = 25_000;

/** How often a lease is renewed, and the stream confirmed by each writing service, in milliseconds. */
export const leaseRenewalMs = 1_000;
