import type { ServiceName } from '@sluice/contracts';
import { withCredentials } from '@sluice/persistence';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseUrlFor, type DatabaseRole } from '../prepare-database.js';
import { provision, type BusNode, type Provisioned } from '../provision.js';
import { keepFile, replaceFile } from '../secret-files.js';
import { keepMemberCertificate, keepServerCertificate } from '../server-certificates.js';
import type { ServerNames } from '../server-names.js';
import { makeUnusableRoot } from './make-unusable-root.js';
import { patroniConfiguration } from './patroni-configuration.js';
import {
  mountPoint,
  noRootFile,
  sharedVolumes,
  trustListFile,
  volumesOf,
  type ServerCount,
  type Volume,
} from './volumes.js';

export interface FillVolumesOptions {
  /** Folder with one folder a volume. */
  readonly root: string;
  /** Names by which senders call the load balancer. */
  readonly loadBalancer: ServerNames;
  /** Names by which subscribers call NATS. */
  readonly busNames: ServerNames;
  /** Names by which administrators call the admin API. */
  readonly adminNames: ServerNames;
  /** `host:port` of Postgres as the services reach it, or of each of its servers, separated by commas. */
  readonly postgres: string;
  /** What all streams together may take on the disk of NATS, in MiB. */
  readonly busStoreMb: number;
  readonly servers: ServerCount;
  readonly now: number;
}

const numbers = [1, 2, 3] as const;
const numbered = (name: string) => numbers.map((number) => `${name}-${number}`);

/** As the others and the services reach it, in a container of its name. */
function busNode(number: number): BusNode {
  return {
    name: `nats-${number}`,
    listen: '0.0.0.0:4222',
    routeListen: '0.0.0.0:6222',
    route: `nats-${number}:6222`,
    monitor: '127.0.0.1:8222',
    storeDirectory: '/var/lib/nats/jetstream',
  };
}

/** Read by the owner and the group of the container's process, and by nobody else. */
const secretMode = 0o440;

/**
 * Makes every secret once and gives each service a copy of those it needs, in a volume no other service mounts. A second
 * run keeps what is there and renews certificates that are about to end.
 * @throws Error with a sentence that names the volume that cannot be written
 */
export async function fillVolumes(options: FillVolumesOptions): Promise<void> {
  const folder = (volume: Volume) => join(options.root, volume);
  for (const volume of volumesOf(options.servers))
    openVolume(folder(volume), sharedVolumes.has(volume) ? 0o770 : 0o750);
  const home = folder('home');
  const provisioned = await provision({
    home,
    names: options.loadBalancer,
    natsListen: '0.0.0.0:4222',
    natsMonitor: '127.0.0.1:8222',
    natsStore: '/var/lib/nats/jetstream',
    natsTlsFolder: mountPoint,
    busStoreMb: options.busStoreMb,
    ...(options.servers === 1 ? {} : { natsCluster: numbers.map(busNode) }),
    now: options.now,
  });
  const tls = join(home, 'tls');
  const servers = options.servers === 1 ? ['postgres', 'nats'] : ['postgres', 'nats'].flatMap(numbered);
  for (const name of [...servers, 'flow-runtime', 'admin-api']) {
    // Services call NATS and the admin API by their own names, others by those of the host.
    const { dnsNames, ipAddresses } = furtherNames(name, options);
    await keepServerCertificate(tls, `server-${name}`, { dnsNames: [name, ...dnsNames], ipAddresses }, options.now);
  }
  if (options.servers === 3)
    for (const name of ['postgres', 'etcd'].flatMap(numbered)) await keepMemberCertificate(tls, name, options.now);
  const files = {
    ...filesOf(provisioned, tls, options.postgres),
    ...(options.servers === 1 ? singleFilesOf(provisioned, tls) : clusterFilesOf(provisioned, tls)),
  };
  for (const [volume, contents] of Object.entries(files)) {
    for (const [name, content] of Object.entries(contents))
      replaceFile(join(folder(volume as Volume), name), content, secretMode);
  }
  const unusable = await makeUnusableRoot(options.now);
  const kept = keepFile(join(folder('trust-list'), noRootFile), () => unusable, secretMode);
  keepFile(join(folder('trust-list'), trustListFile), () => kept, secretMode);
}

function furtherNames(server: string, { busNames, adminNames }: FillVolumesOptions): ServerNames {
  if (server === 'admin-api') return adminNames;
  return server.startsWith('nats') ? busNames : { dnsNames: [], ipAddresses: [] };
}

function openVolume(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, mode);
  } catch (error) {
    throw new Error(
      `Provisioning cannot write to ${folder}: give it a volume there that belongs to user ${process.getuid?.() ?? 'of this process'}.`,
      { cause: error },
    );
  }
}

const read = (path: string) => readFileSync(path, 'utf8');
const serverOf = (tls: string, name: string) => ({
  'server.pem': read(join(tls, `server-${name}.pem`)),
  'server.key': read(join(tls, `server-${name}.key`)),
});

type Files = Partial<Record<Volume, Record<string, string>>>;

function singleFilesOf(provisioned: Provisioned, tls: string): Files {
  return {
    postgres: {
      ...serverOf(tls, 'postgres'),
      'administrator.password': read(provisioned.databasePasswordFile('postgres')),
    },
    nats: { ...serverOf(tls, 'nats'), 'nats.conf': read(provisioned.natsConfigurationFile) },
  };
}

function clusterFilesOf(provisioned: Provisioned, tls: string): Files {
  const passwordOf = (role: string) => read(provisioned.databasePasswordFile(role)).trim();
  const member = (name: string) => ({
    'member.pem': read(join(tls, `member-${name}.pem`)),
    'member.key': read(join(tls, `member-${name}.key`)),
    'member-ca.pem': read(join(tls, 'member-ca.pem')),
  });
  const route = {
    'bus-route.pem': read(join(tls, 'bus-route.pem')),
    'bus-route.key': read(join(tls, 'bus-route.key')),
    'bus-ca.pem': read(join(tls, 'bus-ca.pem')),
  };
  const files: Files = {};
  for (const number of numbers) {
    files[`postgres-config-${number}`] = {
      ...serverOf(tls, `postgres-${number}`),
      ...member(`postgres-${number}`),
      'server-root.pem': read(provisioned.serverRootFile),
      'patroni.yml': patroniConfiguration(`postgres-${number}`, numbered('etcd'), {
        postgres: passwordOf('postgres'),
        replicator: passwordOf('replicator'),
        rewinder: passwordOf('rewinder'),
      }),
    };
    files[`etcd-config-${number}`] = member(`etcd-${number}`);
    files[`nats-config-${number}`] = {
      ...serverOf(tls, `nats-${number}`),
      ...route,
      'nats.conf': read(provisioned.natsClusterFiles[number - 1] as string),
    };
  }
  return files;
}

/** What each service gets, and nothing more (attack 32). */
function filesOf(provisioned: Provisioned, tls: string, postgres: string): Files {
  const serverRoot = { 'server-root.pem': read(provisioned.serverRootFile) };
  const bus = (service: ServiceName) => ({ 'bus.nk': read(provisioned.seedFile(service)), ...serverRoot });
  const records = { 'record-keys.pem': read(provisioned.recordKeysFile) };
  const database = (role: DatabaseRole) => ({
    'database.url': databaseUrlFor(
      administratorUrl(postgres, '', `${mountPoint}/server-root.pem`),
      role,
      read(provisioned.databasePasswordFile(role)).trim(),
    ),
  });
  return {
    'key-management': {
      ...bus('key-management'),
      ...records,
      ...database('key_management'),
      'master.key': read(provisioned.masterKeyFile),
      'record-signing.key': read(provisioned.recordSigningKeyFile),
    },
    authorization: {
      ...bus('authorization'),
      ...records,
      ...database('authorization'),
      'initial-admin-token.sha256': read(provisioned.adminTokenHashFile),
      'installation-tokens': read(provisioned.installationTokensFile),
      'callout.nk': read(provisioned.calloutSeedFile),
      'subscriber-issuer.nk': read(provisioned.subscriberIssuerFile),
    },
    'certificate-verifier': { ...bus('certificate-verifier'), ...records },
    'flow-runtime': {
      ...bus('flow-runtime'),
      ...records,
      ...database('flow_runtime'),
      ...serverOf(tls, 'flow-runtime'),
      'credential.key': read(provisioned.credentialKeyFile),
      'proxy-ca.pem': read(provisioned.proxyCaFile),
    },
    'message-log': { ...bus('message-log'), ...database('flow_runtime') },
    'admin-api': { ...bus('admin-api'), ...serverOf(tls, 'admin-api') },
    // HAProxy reads a certificate and its key from one file.
    'load-balancer': {
      ...serverRoot,
      'server.pem': read(provisioned.serverCertificateFile) + read(provisioned.serverKeyFile),
      'load-balancer.pem': read(provisioned.loadBalancerCertificateFile) + read(provisioned.loadBalancerKeyFile),
    },
    'trusted-roots': { ...serverRoot, 'admin-token': read(provisioned.partTokenFile('trusted-roots')) },
  };
}

/**
 * The URL of the database for its administrator: over TLS, and only to a server that has a certificate of our root.
 * @param hosts `host:port`, or several separated by commas
 */
export function administratorUrl(hosts: string, password: string, rootFile: string): string {
  const url = `postgres://${hosts}/postgres?sslmode=verify-full&sslrootcert=${encodeURIComponent(rootFile)}`;
  return withCredentials(url, { user: 'postgres', password });
}
