import { renderBusServerConfiguration, servicePermissions, type ServiceName } from '@sluice/contracts';
import { createAccount, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';
import bcrypt from 'bcryptjs';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { keepPartTokens, type InstallationPart } from './part-tokens.js';
import { keepFile, replaceFile } from './secret-files.js';
import { keepRouteCertificate, keepServerCertificates } from './server-certificates.js';
import type { ServerNames } from './server-names.js';

export interface ProvisionOptions {
  /** Everything is made below this folder, and kept. */
  readonly home: string;
  readonly names: ServerNames;
  /** Where nats-server is to listen, `host:port`. */
  readonly natsListen: string;
  /** Its monitoring endpoint; none when absent. */
  readonly natsMonitor?: string;
  /** Paths as the server sees them, when those are others than here (in a container). */
  readonly natsStore?: string;
  readonly natsTlsFolder?: string;
  /**
   * Gives programs beside the stack a user with a password, as whom they may subscribe. Without it there are none but the
   * subscribers with an identity of their own.
   */
  readonly localSubscriber?: boolean;
  /** What all streams together may take on its disk, in MiB. */
  readonly busStoreMb?: number;
  /** Further servers that keep the streams together with the one of `natsListen`; none: it is the only one. */
  readonly natsCluster?: readonly BusNode[];
  readonly now: number;
}

/** A server of a bus cluster, by what the others and the services call it. */
export interface BusNode {
  readonly name: string;
  /** `host:port` for clients. */
  readonly listen: string;
  /** `host:port` for the other servers, as it listens and as they reach it. */
  readonly routeListen: string;
  readonly route: string;
  /** Its monitoring endpoint; none when absent. */
  readonly monitor?: string;
  readonly storeDirectory: string;
}

export interface Provisioned {
  /** The only server's. */
  readonly natsConfigurationFile: string;
  /** Of the servers of a cluster, in their order. */
  readonly natsClusterFiles: readonly string[];
  readonly natsCaFile: string;
  readonly seedFile: (service: ServiceName) => string;
  readonly masterKeyFile: string;
  readonly credentialKeyFile: string;
  readonly recordSigningKeyFile: string;
  readonly recordKeysFile: string;
  readonly adminTokenFile: string;
  readonly adminTokenHashFile: string;
  /** The parts of the installation that call the admin API, with the hashes of their tokens. */
  readonly installationTokensFile: string;
  readonly partTokenFile: (part: InstallationPart) => string;
  readonly serverRootFile: string;
  readonly serverCertificateFile: string;
  readonly serverKeyFile: string;
  readonly proxyCaFile: string;
  readonly loadBalancerCertificateFile: string;
  readonly loadBalancerKeyFile: string;
  /** By which authorization answers who may subscribe, and what it signs its answers with. */
  readonly calloutSeedFile: string;
  readonly subscriberIssuerFile: string;
  readonly localSubscriber?: { readonly user: string; readonly password: string };
  readonly databasePasswordFile: (role: string) => string;
}

const services = Object.keys(servicePermissions) as ServiceName[];

/** Makes every secret and certificate the services need, once, and the configuration of the bus from them. */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const { home } = options;
  const secrets = join(home, 'secrets');
  const tls = join(home, 'tls');
  const nats = join(home, 'nats');
  for (const folder of [secrets, tls, nats]) mkdirSync(folder, { recursive: true });
  chmodSync(secrets, 0o700);
  await keepServerCertificates(tls, options.names, options.now);

  for (const name of ['master.key', 'credential.key'])
    keepFile(join(secrets, name), () => `${randomBytes(32).toString('base64')}\n`);
  const signingKeyFile = join(secrets, 'record-signing.key');
  const recordKeysFile = join(secrets, 'record-keys.pem');
  keepFile(signingKeyFile, () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    replaceFile(recordKeysFile, publicKey.export({ type: 'spki', format: 'pem' }) as string);
    return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  });
  const adminTokenFile = join(secrets, 'admin-token');
  const adminToken = keepFile(adminTokenFile, () => `slu_${randomBytes(32).toString('base64url')}\n`).trim();
  const adminTokenHashFile = join(secrets, 'initial-admin-token.sha256');
  keepFile(adminTokenHashFile, () => `${createHash('sha256').update(adminToken).digest('hex')}\n`);

  const { installationTokensFile, partTokenFile } = keepPartTokens(secrets, [
    options.localSubscriber ? 'sample-flow' : 'trusted-roots',
  ]);

  const keepKey = (file: string, make: () => KeyPair) => {
    const seed = keepFile(file, () => `${new TextDecoder().decode(make().getSeed())}\n`).trim();
    return fromSeed(new TextEncoder().encode(seed)).getPublicKey();
  };
  const seedFile = (service: ServiceName) => join(secrets, `${service}.nk`);
  const serviceKeys = Object.fromEntries(
    services.map((service) => [service, keepKey(seedFile(service), createUser)]),
  ) as Record<ServiceName, string>;
  const calloutSeedFile = join(secrets, 'callout.nk');
  const subscriberIssuerFile = join(secrets, 'subscriber-issuer.nk');
  const localSubscriber = options.localSubscriber ? keepLocalSubscriber(secrets) : undefined;
  const natsConfigurationFile = join(nats, 'nats.conf');
  const natsTls = options.natsTlsFolder ?? tls;
  const bus = {
    tls: { certificateFile: join(natsTls, 'server.pem'), keyFile: join(natsTls, 'server.key') },
    serviceKeys,
    callout: {
      responderKey: keepKey(calloutSeedFile, createUser),
      issuerKey: keepKey(subscriberIssuerFile, createAccount),
    },
    ...(localSubscriber ? { localSubscriber } : {}),
    ...(options.busStoreMb === undefined ? {} : { storeMb: options.busStoreMb }),
  };
  replaceFile(
    natsConfigurationFile,
    renderBusServerConfiguration({
      ...bus,
      listen: options.natsListen,
      ...(options.natsMonitor ? { monitor: options.natsMonitor } : {}),
      storeDirectory: options.natsStore ?? join(nats, 'jetstream'),
      serverName: 'sluice',
    }),
  );
  const nodes = options.natsCluster ?? [];
  if (nodes.length > 0) await keepRouteCertificate(tls, routeNames(options.names, nodes), options.now);
  const routePassword = keepFile(
    join(secrets, 'bus-route.password'),
    () => `${randomBytes(24).toString('base64url')}\n`,
  ).trim();
  const natsClusterFiles = nodes.map((node) => {
    const file = join(nats, `${node.name}.conf`);
    replaceFile(
      file,
      renderBusServerConfiguration({
        ...bus,
        listen: node.listen,
        ...(node.monitor ? { monitor: node.monitor } : {}),
        storeDirectory: node.storeDirectory,
        serverName: node.name,
        cluster: {
          listen: node.routeListen,
          routes: nodes.map(({ route }) => route),
          password: routePassword,
          tls: {
            certificateFile: join(natsTls, 'bus-route.pem'),
            keyFile: join(natsTls, 'bus-route.key'),
            caFile: join(natsTls, 'bus-ca.pem'),
          },
        },
      }),
    );
    return file;
  });
  const databasePasswordFile = (role: string) => join(secrets, `database-${role}.password`);
  for (const role of ['postgres', 'replicator', 'rewinder', 'key_management', 'authorization', 'flow_runtime']) {
    keepFile(databasePasswordFile(role), () => `${randomBytes(24).toString('base64url')}\n`);
  }
  return {
    natsConfigurationFile,
    natsClusterFiles,
    natsCaFile: join(tls, 'server-root.pem'),
    seedFile,
    masterKeyFile: join(secrets, 'master.key'),
    credentialKeyFile: join(secrets, 'credential.key'),
    recordSigningKeyFile: signingKeyFile,
    recordKeysFile,
    adminTokenFile,
    adminTokenHashFile,
    installationTokensFile,
    partTokenFile,
    serverRootFile: join(tls, 'server-root.pem'),
    serverCertificateFile: join(tls, 'server.pem'),
    serverKeyFile: join(tls, 'server.key'),
    proxyCaFile: join(tls, 'proxy-ca.pem'),
    loadBalancerCertificateFile: join(tls, 'load-balancer.pem'),
    loadBalancerKeyFile: join(tls, 'load-balancer.key'),
    calloutSeedFile,
    subscriberIssuerFile,
    ...(localSubscriber ? { localSubscriber } : {}),
    databasePasswordFile,
  };
}

function keepLocalSubscriber(secrets: string): { user: string; password: string; passwordHash: string } {
  const password = keepFile(
    join(secrets, 'subscriber.password'),
    () => `${randomBytes(24).toString('base64url')}\n`,
  ).trim();
  // Kept too: another hash of the same password would be another configuration at each start.
  const passwordHash = keepFile(join(secrets, 'subscriber.bcrypt'), () => bcrypt.hashSync(password, 10)).trim();
  return { user: 'subscriber', password, passwordHash };
}

/** The names of the servers, and those by which they reach one another. */
function routeNames(names: ServerNames, nodes: readonly BusNode[]): ServerNames {
  const hosts = nodes.map(({ route }) => route.replace(/:\d+$/, '')).filter((host) => isIP(host) === 0);
  return { ...names, dnsNames: [...new Set([...names.dnsNames, ...hosts])] };
}
