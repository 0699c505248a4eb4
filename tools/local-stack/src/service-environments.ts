import type { Provisioned } from '@sluice/provision';
import { databaseUrlFor } from '@sluice/provision';
import type { StackConfig } from './config.js';

export interface ServiceProcess {
  readonly service: string;
  /** Counts from 1 where there are several. */
  readonly number: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** The processes of the stack and what each is told. */
export function serviceProcesses(
  config: StackConfig,
  provisioned: Provisioned,
  adminDatabaseUrl: string,
  natsUrl: string,
): ServiceProcess[] {
  const flowUrl = `https://localhost:${config.flowPort}`;
  const bus = (service: Parameters<Provisioned['seedFile']>[0]) => ({
    NATS_URL: natsUrl,
    NATS_SEED_FILE: provisioned.seedFile(service),
    NATS_CA_FILE: provisioned.natsCaFile,
    LOG_LEVEL: config.logLevel,
    ...(config.otlpEndpoint === undefined ? {} : { OTLP_ENDPOINT: config.otlpEndpoint }),
  });
  const database = (role: 'key_management' | 'authorization' | 'flow_runtime') => ({
    DATABASE_URL: databaseUrlFor(adminDatabaseUrl, role, ''),
    DATABASE_PASSWORD_FILE: provisioned.databasePasswordFile(role),
  });
  // Receivers, OCSP responders and web servers of CRLs that are tried out run on this machine.
  const destinations = { ALLOWED_DESTINATIONS: config.allowedDestinations };
  const records = { RECORD_KEYS_FILE: provisioned.recordKeysFile };
  const several = (count: number, make: (number: number) => ServiceProcess) =>
    Array.from({ length: count }, (_, index) => make(index + 1));
  return [
    {
      service: 'key-management',
      number: 1,
      environment: {
        ...bus('key-management'),
        ...database('key_management'),
        ...records,
        MASTER_KEY_FILE: provisioned.masterKeyFile,
        RECORD_SIGNING_KEY_FILE: provisioned.recordSigningKeyFile,
        BUS_STORE_MB: String(config.busStoreMb),
        BUS_REPLICAS: String(config.natsServers),
        AUDIT_HEAD_INTERVAL_SECONDS: String(config.auditHeadSeconds),
        FLOW_URL: flowUrl,
        CRL_BASE_URL: config.crlBaseUrl,
        ...destinations,
      },
    },
    {
      service: 'authorization',
      number: 1,
      environment: {
        ...bus('authorization'),
        ...database('authorization'),
        ...records,
        INITIAL_ADMIN_TOKEN_HASH_FILE: provisioned.adminTokenHashFile,
      },
    },
    ...several(config.verifiers, (number) => ({
      service: 'certificate-verifier',
      number,
      environment: { ...bus('certificate-verifier'), ...records, ...destinations },
    })),
    ...several(config.flowRuntimes, (number) => ({
      service: 'flow-runtime',
      number,
      environment: {
        ...bus('flow-runtime'),
        ...database('flow_runtime'),
        ...records,
        FLOW_URL: flowUrl,
        FLOW_PORT: String(config.flowPort + number - 1),
        // A cluster elects another leader after four to nine seconds, and the stream has to be confirmed after it.
        ...(config.natsServers > 1 ? { LEASE_MS: '25000' } : {}),
        ...(config.proxies
          ? { PROXY_PORT: String(config.proxies.port + number - 1), PROXY_CA_FILE: config.proxies.caFile }
          : {}),
        TLS_CERTIFICATE_FILE: provisioned.serverCertificateFile,
        TLS_KEY_FILE: provisioned.serverKeyFile,
        CREDENTIAL_KEY_FILE: provisioned.credentialKeyFile,
        ...destinations,
      },
    })),
    { service: 'message-log', number: 1, environment: { ...bus('message-log'), ...database('flow_runtime') } },
    {
      service: 'admin-api',
      number: 1,
      environment: { ...bus('admin-api'), ...destinations, ADMIN_PORT: String(config.adminPort) },
    },
  ];
}
