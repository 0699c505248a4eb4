import { readBusStoreMb, readServerNames, type ServerNames } from '@sluice/provision';
import { join, resolve } from 'node:path';

/** Where subscribers find NATS, unless it is set: what NATS has everywhere. */
export const defaultEventsPort = 4222;

/** What the local stack is told, all with defaults. */
export interface StackConfig {
  readonly home: string;
  readonly adminPort: number;
  /** The admin API speaks TLS, by a certificate of the same root as the flow endpoints, and takes client certificates; else plain HTTP. */
  readonly adminTls: boolean;
  readonly adminUrl: string;
  readonly flowPort: number;
  readonly verifiers: number;
  readonly flowRuntimes: number;
  /** By which senders call; in the server certificate. `localhost` always is. */
  readonly serverNames: ServerNames;
  /** Running servers to use instead of the embedded ones. */
  readonly databaseUrl?: string;
  readonly natsUrl?: string;
  /** Where relying parties reach `/crl/` of the admin API. */
  readonly crlBaseUrl: string;
  /** The listener of the flow runtimes that load balancers call; the file has the CAs that issue to them. */
  readonly proxies?: { readonly port: number; readonly caFile: string };
  /** How often the heads of the audit trails go out. */
  readonly auditHeadSeconds: number;
  /** Whether answers are kept for calls that are repeated with their `Idempotency-Key`. */
  readonly idempotentAnswers: 'on' | 'off';
  /** What all streams together may take on disk, in MiB. */
  readonly busStoreMb: number;
  /** Where subscribers find NATS, the first of as many as there are servers; 0: any that is free. Absent: the default, or a free one. */
  readonly eventsPort?: number;
  /** NATS servers: 1, or 3 that keep each stream together. */
  readonly natsServers: 1 | 3;
  /** Postgres servers: 1, or 2 of which one is the standby. */
  readonly postgresServers: 1 | 2;
  /** Set for `npm run dev`: programs are started again when they were built, can be debugged, and their logs are shown. */
  readonly development?: {
    /** The inspector's port of the first process; each further one has the next. */
    readonly firstInspectPort: number;
  };
  readonly root: string;
}

/** @throws Error with a sentence that names the variable */
export function readStackConfig(environment: NodeJS.ProcessEnv, root: string): StackConfig {
  const number = (name: string, fallback: number, least: number, most: number) => {
    const value = environment[name] === undefined || environment[name] === '' ? fallback : Number(environment[name]);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Error(`${name} must be a whole number from ${least} to ${most}.`);
  };
  const databaseUrl = environment['DATABASE_URL'];
  const natsUrl = environment['NATS_URL'];
  const proxyPort = environment['SLUICE_PROXY_PORT'] ? number('SLUICE_PROXY_PORT', 0, 1, 65_000) : undefined;
  const proxyCaFile = environment['SLUICE_PROXY_CA_FILE'];
  if (proxyPort !== undefined && !proxyCaFile)
    throw new Error('SLUICE_PROXY_PORT needs SLUICE_PROXY_CA_FILE: the listener admits nobody without it.');
  const adminPort = number('SLUICE_ADMIN_PORT', 8080, 1, 65_535);
  const adminTls = readOnOrOff(environment, 'SLUICE_ADMIN_TLS', 'off') === 'on';
  return {
    home: resolve(root, environment['SLUICE_HOME'] || '.sluice'),
    adminPort,
    adminTls,
    adminUrl: adminTls ? `https://localhost:${adminPort}` : `http://127.0.0.1:${adminPort}`,
    crlBaseUrl: environment['SLUICE_CRL_BASE_URL'] || `http://127.0.0.1:${adminPort}`,
    flowPort: number('SLUICE_FLOW_PORT', 8443, 1, 65_000),
    verifiers: number('SLUICE_VERIFIERS', 1, 1, 64),
    flowRuntimes: number('SLUICE_FLOW_RUNTIMES', 1, 1, 64),
    serverNames: readServerNames('SLUICE_SERVER_NAMES', environment['SLUICE_SERVER_NAMES'] ?? ''),
    ...(environment['SLUICE_EVENTS_PORT'] ? { eventsPort: number('SLUICE_EVENTS_PORT', 0, 0, 65_000) } : {}),
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(natsUrl ? { natsUrl } : {}),
    ...(proxyPort !== undefined && proxyCaFile
      ? { proxies: { port: proxyPort, caFile: resolve(root, proxyCaFile) } }
      : {}),
    auditHeadSeconds: number('SLUICE_AUDIT_HEAD_SECONDS', 3_600, 1, 86_400),
    idempotentAnswers: readOnOrOff(environment, 'SLUICE_IDEMPOTENT_ANSWERS', 'on'),
    busStoreMb: readBusStoreMb(environment),
    natsServers: readNatsServers(environment),
    postgresServers: readPostgresServers(environment),
    ...(environment['SLUICE_DEV'] === '1'
      ? { development: { firstInspectPort: number('SLUICE_INSPECT_PORT', 9_230, 1, 65_000) } }
      : {}),
    root,
  };
}

function readOnOrOff(environment: NodeJS.ProcessEnv, name: string, otherwise: 'on' | 'off'): 'on' | 'off' {
  const value = environment[name] || otherwise;
  if (value !== 'on' && value !== 'off') throw new Error(`${name} must be on or off.`);
  return value;
}

function readNatsServers(environment: NodeJS.ProcessEnv): 1 | 3 {
  const value = environment['SLUICE_NATS_SERVERS'] || '1';
  if (value !== '1' && value !== '3') throw new Error('SLUICE_NATS_SERVERS must be 1 or 3.');
  return value === '3' ? 3 : 1;
}

function readPostgresServers(environment: NodeJS.ProcessEnv): 1 | 2 {
  const value = environment['SLUICE_POSTGRES_SERVERS'] || '1';
  if (value !== '1' && value !== '2') throw new Error('SLUICE_POSTGRES_SERVERS must be 1 or 2.');
  return value === '2' ? 2 : 1;
}

/** The program of a service, as the build leaves it. */
export function programOf(config: StackConfig, service: string): string {
  const program = service === 'message-log' ? 'message-log.main.js' : 'main.js';
  return join(config.root, 'apps', appOf(service), 'dist', program);
}

/** The folder of `apps` that a service is built in. */
export function appOf(service: string): string {
  return service === 'message-log' ? 'flow-runtime' : service;
}
