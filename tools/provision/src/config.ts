import { defaultBusStoreMb, minBusStoreMb } from '@sluice/contracts';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { ServerCount } from './container/volumes.js';
import { readServerNames, type ServerNames } from './server-names.js';

export interface ProvisionConfig {
  /** Folder with the volumes. */
  readonly root: string;
  readonly loadBalancer: ServerNames;
  readonly busNames: ServerNames;
  readonly adminNames: ServerNames;
  /** `host:port` of Postgres, or of each of its servers, separated by commas. */
  readonly postgres: string;
  /** What all streams together may take on the disk of NATS, in MiB. */
  readonly busStoreMb: number;
  readonly servers: ServerCount;
}

/** @throws Error with one sentence that names the variable */
export function readProvisionConfig(environment: NodeJS.ProcessEnv): ProvisionConfig {
  const host = environment['SLUICE_FLOW_HOST'] || 'localhost';
  const isName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(host);
  if (!isName && isIP(host) === 0)
    throw new Error('SLUICE_FLOW_HOST must be the host name or IP address by which senders call flows.');
  const isAddress = isIP(host) !== 0;
  const servers = readServerCount(environment);
  const postgres =
    environment['POSTGRES_ADDRESS'] ||
    (servers === 1 ? 'postgres:5432' : 'postgres-1:5432,postgres-2:5432,postgres-3:5432');
  if (!/^[^\s:/@,]+:\d{1,5}(,[^\s:/@,]+:\d{1,5})*$/.test(postgres))
    throw new Error('POSTGRES_ADDRESS must be host:port of the Postgres to prepare, or several separated by commas.');
  const further = readServerNames('SLUICE_SERVER_NAMES', environment['SLUICE_SERVER_NAMES'] ?? '');
  const ofHost = {
    dnsNames: [...new Set([...further.dnsNames, ...(isAddress ? [] : [host.toLowerCase()])])],
    ipAddresses: [...new Set([...further.ipAddresses, ...(isAddress ? [host] : [])])],
  };
  return {
    root: environment['PROVISION_ROOT'] || '/provision',
    loadBalancer: { ...ofHost, dnsNames: [...new Set([...ofHost.dnsNames, 'load-balancer'])] },
    busNames: ofHost,
    adminNames: adminNamesOf(environment),
    postgres,
    busStoreMb: readBusStoreMb(environment),
    servers,
  };
}

/** The admin API has names of its own: senders are told nothing of it by the certificate of the flow endpoints. */
function adminNamesOf(environment: NodeJS.ProcessEnv): ServerNames {
  return readServerNames('SLUICE_ADMIN_NAMES', environment['SLUICE_ADMIN_NAMES'] ?? '');
}

function readServerCount(environment: NodeJS.ProcessEnv): ServerCount {
  const value = environment['SLUICE_SERVERS'] || '1';
  if (value !== '1' && value !== '3')
    throw new Error('SLUICE_SERVERS must be 1 or 3: servers of NATS, and of Postgres.');
  return value === '3' ? 3 : 1;
}

/** @throws Error with one sentence that names the variable */
export function readBusStoreMb(environment: NodeJS.ProcessEnv): number {
  const value = Number(environment['SLUICE_BUS_STORE_MB'] || defaultBusStoreMb);
  if (Number.isInteger(value) && value >= minBusStoreMb) return value;
  throw new Error(`SLUICE_BUS_STORE_MB must be a whole number from ${minBusStoreMb} on: MiB on the disk of NATS.`);
}

/** @throws Error with one sentence that names the variable */
export function readMetricsPort(environment: NodeJS.ProcessEnv): number {
  const value = Number(environment['HEALTH_PORT'] || 8_081);
  if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw new Error('metrics cannot start: HEALTH_PORT must be a whole number from 1 to 65535.');
}

export interface TrustedRootsConfig {
  readonly adminUrl: string;
  readonly adminTokenFile: string;
  /** PEM of the root that the certificate of the admin API ends in. */
  readonly adminCaFile: string;
  readonly trustListFile: string;
  readonly noRootFile: string;
  readonly haproxySocket: string;
  /** What HAProxy calls the list: the path in its configuration. */
  readonly haproxyCaFile: string;
  readonly intervalMs: number;
  readonly healthPort: number;
}

/** @throws Error with one sentence that names the variable */
export function readTrustedRootsConfig(environment: NodeJS.ProcessEnv): TrustedRootsConfig {
  const required = (name: string) => {
    const value = environment[name];
    if (!value) throw new Error(`trusted-roots cannot start: ${name} is not set.`);
    return value;
  };
  const wholeNumber = (name: string, fallback: number, least: number, most: number) => {
    const value = environment[name] ? Number(environment[name]) : fallback;
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Error(`trusted-roots cannot start: ${name} must be a whole number from ${least} to ${most}.`);
  };
  const folder = required('TRUST_LIST_FOLDER');
  const trustListFile = join(folder, 'trusted-roots.pem');
  return {
    adminUrl: required('ADMIN_URL').replace(/\/$/, ''),
    adminTokenFile: required('ADMIN_TOKEN_FILE'),
    adminCaFile: required('ADMIN_CA_FILE'),
    trustListFile,
    noRootFile: join(folder, 'no-trusted-root.pem'),
    haproxySocket: join(folder, 'haproxy.sock'),
    haproxyCaFile: environment['HAPROXY_CA_FILE'] || trustListFile,
    intervalMs: wholeNumber('INTERVAL_MS', 1_000, 100, 600_000),
    healthPort: wholeNumber('HEALTH_PORT', 8_081, 0, 65_535),
  };
}
