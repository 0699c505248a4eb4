import type { ServiceName } from '@sluice/contracts';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseUrlFor, type DatabaseRole } from '../prepare-database.js';
import { provision, type Provisioned } from '../provision.js';
import { keepFile, replaceFile } from '../secret-files.js';
import { keepServerCertificate } from '../server-certificates.js';
import type { ServerNames } from '../server-names.js';
import { makeUnusableRoot } from './make-unusable-root.js';
import { mountPoint, noRootFile, sharedVolumes, trustListFile, volumes, type Volume } from './volumes.js';

export interface FillVolumesOptions {
  /** Folder with one folder a volume. */
  readonly root: string;
  /** Names by which senders call the load balancer. */
  readonly loadBalancer: ServerNames;
  /** Names by which subscribers call NATS. */
  readonly busNames: ServerNames;
  /** `host:port` of Postgres as the services reach it. */
  readonly postgres: string;
  /** What all streams together may take on the disk of NATS, in MiB. */
  readonly busStoreMb: number;
  readonly now: number;
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
  for (const volume of volumes) openVolume(folder(volume), sharedVolumes.has(volume) ? 0o770 : 0o750);
  const home = folder('home');
  const provisioned = await provision({
    home,
    names: options.loadBalancer,
    natsListen: '0.0.0.0:4222',
    natsMonitor: '127.0.0.1:8222',
    natsStore: '/var/lib/nats/jetstream',
    natsTlsFolder: mountPoint,
    busStoreMb: options.busStoreMb,
    now: options.now,
  });
  const tls = join(home, 'tls');
  for (const name of ['postgres', 'flow-runtime']) {
    await keepServerCertificate(tls, `server-${name}`, { dnsNames: [name], ipAddresses: [] }, options.now);
  }
  // Services call it by its own name, subscribers by those of the host.
  const { dnsNames, ipAddresses } = options.busNames;
  await keepServerCertificate(tls, 'server-nats', { dnsNames: ['nats', ...dnsNames], ipAddresses }, options.now);
  const files = filesOf(provisioned, tls, options.postgres);
  for (const [volume, contents] of Object.entries(files)) {
    for (const [name, content] of Object.entries(contents))
      replaceFile(join(folder(volume as Volume), name), content, secretMode);
  }
  const unusable = await makeUnusableRoot(options.now);
  const kept = keepFile(join(folder('trust-list'), noRootFile), () => unusable, secretMode);
  keepFile(join(folder('trust-list'), trustListFile), () => kept, secretMode);
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

/** What each service gets, and nothing more (attack 32). */
function filesOf(
  provisioned: Provisioned,
  tls: string,
  postgres: string,
): Partial<Record<Volume, Record<string, string>>> {
  const read = (path: string) => readFileSync(path, 'utf8');
  const serverRoot = { 'server-root.pem': read(provisioned.serverRootFile) };
  const server = (name: string) => ({
    'server.pem': read(join(tls, `server-${name}.pem`)),
    'server.key': read(join(tls, `server-${name}.key`)),
  });
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
    postgres: { ...server('postgres'), 'administrator.password': read(provisioned.databasePasswordFile('postgres')) },
    nats: { ...server('nats'), 'nats.conf': read(provisioned.natsConfigurationFile) },
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
      'callout.nk': read(provisioned.calloutSeedFile),
      'subscriber-issuer.nk': read(provisioned.subscriberIssuerFile),
    },
    'certificate-verifier': { ...bus('certificate-verifier'), ...records },
    'flow-runtime': {
      ...bus('flow-runtime'),
      ...records,
      ...database('flow_runtime'),
      ...server('flow-runtime'),
      'credential.key': read(provisioned.credentialKeyFile),
      'proxy-ca.pem': read(provisioned.proxyCaFile),
    },
    'message-log': { ...bus('message-log'), ...database('flow_runtime') },
    'admin-api': bus('admin-api'),
    // HAProxy reads a certificate and its key from one file.
    'load-balancer': {
      ...serverRoot,
      'server.pem': read(provisioned.serverCertificateFile) + read(provisioned.serverKeyFile),
      'load-balancer.pem': read(provisioned.loadBalancerCertificateFile) + read(provisioned.loadBalancerKeyFile),
    },
    'trusted-roots': { 'admin-token': read(provisioned.adminTokenFile) },
  };
}

/** The URL of the database for its administrator: over TLS, and only to the server that has a certificate of our root. */
export function administratorUrl(hostAndPort: string, password: string, rootFile: string): string {
  const url = new URL(`postgres://postgres@${hostAndPort}/postgres`);
  url.password = password;
  url.searchParams.set('sslmode', 'verify-full');
  url.searchParams.set('sslrootcert', rootFile);
  return url.href;
}
