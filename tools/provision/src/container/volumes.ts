/** Mounted together in provisioning, each alone in the container of its name. */
export const volumes = [
  'home',
  'postgres',
  'nats',
  'nats-data',
  'key-management',
  'authorization',
  'certificate-verifier',
  'flow-runtime',
  'message-log',
  'admin-api',
  'load-balancer',
  'trusted-roots',
  'trust-list',
] as const;
export type Volume = (typeof volumes)[number];

/** Where a service finds its own volume. */
export const mountPoint = '/run/sluice';

/** Those that two containers write into: the list of roots and the socket of the load balancer. */
export const sharedVolumes: ReadonlySet<Volume> = new Set(['trust-list']);
export const trustListFile = 'trusted-roots.pem';
export const noRootFile = 'no-trusted-root.pem';
