import { clusterLeaseMs } from '@sluice/contracts';
import type { Provisioned } from '@sluice/provision';
import { databaseUrlFor } from '@sluice/provision';
import type { StackConfig } from './config.js';
import { forTestsAlone, type ServiceSettings } from './settings/service-settings.js';

export interface ServiceProcess {
  readonly service: string;
  /** Counts from 1 where there are several. */
  readonly number: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** The stack uses these servers instead of its own, and tells each service how it reaches them. */
const takenByTheStack: ReadonlySet<string> = new Set(['DATABASE_URL', 'NATS_URL']);

/** What the stack says itself where nothing else is set in its environment. */
function defaultsOf(config: StackConfig, service: string): Record<string, string> {
  return {
    // Receivers, OCSP responders and web servers of CRLs that are tried out run on this machine.
    ALLOWED_DESTINATIONS: 'localhost,127.0.0.0/8,::1',
    ...(config.natsServers > 1 && service === 'flow-runtime' ? { LEASE_MS: String(clusterLeaseMs) } : {}),
  };
}

/**
 * The processes of the stack and what each is told: what the stack decides, and every other setting that the service knows
 * and the stack's own environment has by that name.
 */
export function serviceProcesses(
  config: StackConfig,
  provisioned: Provisioned,
  adminDatabaseUrl: string,
  natsUrl: string,
  settings: ServiceSettings,
  given: Readonly<Record<string, string | undefined>>,
): ServiceProcess[] {
  return decidedProcesses(config, provisioned, adminDatabaseUrl, natsUrl).map(({ service, number, environment }) => {
    const set: Record<string, string> = {};
    for (const name of Object.keys(settings.get(service) ?? {})) {
      const value = given[name] ?? defaultsOf(config, service)[name];
      if (value !== undefined && !forTestsAlone.has(name)) set[name] = value;
    }
    return { service, number, environment: { ...set, ...environment } };
  });
}

/** Settings in the stack's own environment that it decides itself by other variables, and so does not pass on. */
export function settingsNotPassedOn(
  processes: readonly ServiceProcess[],
  settings: ServiceSettings,
  given: Readonly<Record<string, string | undefined>>,
): string[] {
  const names = new Set<string>();
  for (const { service, environment } of processes)
    for (const name of Object.keys(settings.get(service) ?? {}))
      if (given[name] && environment[name] !== given[name] && !takenByTheStack.has(name)) names.add(name);
  return [...names];
}

function decidedProcesses(
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
    // The supervisor asks each process where it listens.
    HEALTH_HOST: '127.0.0.1',
    HEALTH_PORT: '0',
  });
  const database = (role: 'key_management' | 'authorization' | 'flow_runtime') => ({
    DATABASE_URL: databaseUrlFor(adminDatabaseUrl, role, ''),
    DATABASE_PASSWORD_FILE: provisioned.databasePasswordFile(role),
  });
  const answers = { IDEMPOTENT_ANSWERS: config.idempotentAnswers };
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
        ...answers,
        MASTER_KEY_FILE: provisioned.masterKeyFile,
        RECORD_SIGNING_KEY_FILE: provisioned.recordSigningKeyFile,
        BUS_STORE_MB: String(config.busStoreMb),
        BUS_REPLICAS: String(config.natsServers),
        AUDIT_HEAD_INTERVAL_SECONDS: String(config.auditHeadSeconds),
        FLOW_URL: flowUrl,
        ADMIN_API_URL: config.adminUrl,
        CRL_BASE_URL: config.crlBaseUrl,
      },
    },
    {
      service: 'authorization',
      number: 1,
      environment: {
        ...bus('authorization'),
        ...database('authorization'),
        ...records,
        ...answers,
        INITIAL_ADMIN_TOKEN_HASH_FILE: provisioned.adminTokenHashFile,
        INSTALLATION_TOKENS_FILE: provisioned.installationTokensFile,
        CALLOUT_SEED_FILE: provisioned.calloutSeedFile,
        SUBSCRIBER_ISSUER_FILE: provisioned.subscriberIssuerFile,
      },
    },
    ...several(config.verifiers, (number) => ({
      service: 'certificate-verifier',
      number,
      environment: { ...bus('certificate-verifier'), ...records },
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
        ...(config.proxies
          ? { PROXY_PORT: String(config.proxies.port + number - 1), PROXY_CA_FILE: config.proxies.caFile }
          : {}),
        TLS_CERTIFICATE_FILE: provisioned.serverCertificateFile,
        TLS_KEY_FILE: provisioned.serverKeyFile,
        CREDENTIAL_KEY_FILE: provisioned.credentialKeyFile,
      },
    })),
    { service: 'message-log', number: 1, environment: { ...bus('message-log'), ...database('flow_runtime') } },
    {
      service: 'admin-api',
      number: 1,
      environment: {
        ...bus('admin-api'),
        ADMIN_PORT: String(config.adminPort),
        // Empty is not set: with others of the environment nobody would find it at the address that stack.json has.
        ADMIN_TLS_CERTIFICATE_FILE: config.adminTls ? provisioned.serverCertificateFile : '',
        ADMIN_TLS_KEY_FILE: config.adminTls ? provisioned.serverKeyFile : '',
        ADMIN_CLIENT_CERTIFICATES: config.adminTls ? 'optional' : '',
        ADMIN_API_URL: config.adminUrl,
      },
    },
  ];
}
