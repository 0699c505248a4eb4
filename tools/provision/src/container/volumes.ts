/** How many servers of NATS, and of Postgres with what elects its primary: one of each, or three. */
export type ServerCount = 1 | 3;

const numbers = [1, 2, 3] as const;

/** Mounted together in provisioning, each alone in the container of its name. */
export const serviceVolumes = [
  'home',
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
/** Of single servers. */
export const singleVolumes = ['postgres', 'nats', 'nats-data'] as const;
/** Of three servers. `postgres-config-1` has what the server is told and its keys; its data has a volume that only it mounts. */
export const clusterVolumes = (
  ['postgres-config', 'etcd-config', 'etcd-data', 'nats-config', 'nats-data'] as const
).flatMap((kind) => numbers.map((number) => `${kind}-${number}` as const));
export type Volume = (typeof serviceVolumes)[number] | (typeof singleVolumes)[number] | (typeof clusterVolumes)[number];

export function volumesOf(servers: ServerCount): readonly Volume[] {
  return [...serviceVolumes, ...(servers === 1 ? singleVolumes : clusterVolumes)];
}

/** Where a service finds its own volume. */
export const mountPoint = '/run/sluice';

/** Those that two containers write into: the list of roots and the socket of the load balancer. */
export const sharedVolumes: ReadonlySet<Volume> = new Set(['trust-list']);
export const trustListFile = 'trusted-roots.pem';
export const noRootFile = 'no-trusted-root.pem';
