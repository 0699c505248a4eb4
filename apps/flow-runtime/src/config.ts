import { databaseEnvironment, destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';
import type { ListenersConfig } from './endpoint/listeners.js';

const port = z.coerce.number().int().min(0).max(65_535);

const milliseconds = z.coerce.number().int().min(100).max(3_600_000);
const files = z
  .string()
  .transform((value) => value.split(',').map((file) => file.trim()))
  .refine((names) => names.every((name) => name !== ''), 'must name a file, or several separated by commas');

/** So long a flow runtime is not seen before what it worked on is abandoned and it is not shown with the flows. */
const runtimeGoneAfter = { RUNTIME_GONE_AFTER_MS: z.coerce.number().int().min(1_000).max(3_600_000).default(20_000) };

const environment = shellEnvironment
  .extend(databaseEnvironment.shape)
  .extend(runtimeGoneAfter)
  .extend(destinationEnvironment.shape)
  .extend({
    RECORD_KEYS_FILE: z.string().min(1),
    /** Where senders reach the endpoints; goes into the answers of the API. */
    FLOW_URL: z.url(),
    /** The public listener: senders connect with their certificates. */
    FLOW_HOST: z.string().default('127.0.0.1'),
    FLOW_PORT: port,
    /**
     * The server certificate with its chain, and its key; several of both, each separated by commas, for several virtual
     * hosts. Files that were replaced are used from the next connection on.
     */
    TLS_CERTIFICATE_FILE: files,
    TLS_KEY_FILE: files,
    /** Limits of each listener; times in milliseconds. @see ListenerLimits */
    FLOW_HANDSHAKE_TIMEOUT_MS: milliseconds.default(10_000),
    FLOW_HEADERS_TIMEOUT_MS: milliseconds.default(15_000),
    FLOW_REQUEST_TIMEOUT_MS: milliseconds.default(120_000),
    FLOW_KEEP_ALIVE_TIMEOUT_MS: milliseconds.default(65_000),
    FLOW_MAX_CONNECTIONS: z.coerce.number().int().min(1).default(16_000),
    FLOW_MAX_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().min(1).default(4_000),
    /** The proxy-facing listener; none when PROXY_PORT is absent. It admits who has a certificate of PROXY_CA_FILE. */
    PROXY_HOST: z.string().default('127.0.0.1'),
    PROXY_PORT: port.optional(),
    PROXY_CA_FILE: z.string().optional(),
    /** JSON: which proxies there are and in which form each passes certificates on (docs/proxies.md). None: RFC 9440 from all. */
    PROXIES_FILE: z.string().optional(),
    /** How long verdicts are trusted after the state stream was last known to be writable and followed to its end. */
    LEASE_MS: z.coerce.number().int().min(1_000).max(600_000).default(10_000),
    /** How long verdicts are trusted while a service that writes state (key-management, say) is away. */
    WRITERS_ABSENT_MS: z.coerce.number().int().min(10_000).max(604_800_000).default(3_600_000),
    /** How often is told which certificates were used; `lastUsedAt` is right to within this. */
    USAGE_REPORT_MS: z.coerce.number().int().min(1_000).max(60_000).default(15_000),
    VERDICT_CACHE_SIZE: z.coerce.number().int().min(100).default(1_000_000),
    /** Refusals kept, and for how long: what ends one by the clock alone shows after this time at the latest. 0 keeps none. */
    REFUSAL_CACHE_SIZE: z.coerce.number().int().min(1).default(10_000),
    REFUSAL_MS: z.coerce.number().int().min(0).max(60_000).default(2_000),
    /** Share of the allowed calls whose decision is recorded, 0 to 1. Every denied one is. */
    DECISION_SAMPLE: z.coerce.number().min(0).max(1).default(0.001),
    /** Decisions being made at once; further ones are answered 503. */
    MAXIMUM_QUESTIONS: z.coerce.number().int().min(4).default(256),
    /** 32 bytes in base64: credentials of receivers are sealed under it. */
    CREDENTIAL_KEY_FILE: z.string().min(1),
    /** Hosts that flows may call, separated by commas (`api.example.com,*.example.com:8443`); empty: any. */
    RECEIVER_HOSTS: z.string().default(''),
    /** PEM of the roots that receivers' certificates must end in; absent: the public ones that Node ships. */
    RECEIVER_ROOTS_FILE: z.string().optional(),
    /** Largest answer of a receiver. */
    RECEIVER_MAXIMUM_RESPONSE_MB: z.coerce.number().int().min(1).max(1_024).default(40),
    /** How long a flow may take for one message, all its calls included. */
    MESSAGE_TIME_LIMIT_MS: z.coerce.number().int().min(1_000).max(3_600_000).default(300_000),
    /** Threads that run scripts of flows, and what one script may take. */
    SCRIPT_THREADS: z.coerce.number().int().min(2).max(64).default(2),
    SCRIPT_TIME_LIMIT_MS: z.coerce.number().int().min(10).max(600_000).default(5_000),
    SCRIPT_MEMORY_MB: z.coerce.number().int().min(4).max(1_024).default(64),
    /** How long connections are still served at the end, each answer closing its own: for load balancers that reuse them. */
    DRAIN_MS: z.coerce.number().int().min(0).max(10_000).default(0),
  })
  .refine((value) => value.TLS_CERTIFICATE_FILE.length === value.TLS_KEY_FILE.length, {
    path: ['TLS_KEY_FILE'],
    message: 'must name as many files as TLS_CERTIFICATE_FILE, in the same order',
  })
  .refine((value) => value.FLOW_HEADERS_TIMEOUT_MS <= value.FLOW_REQUEST_TIMEOUT_MS, {
    path: ['FLOW_HEADERS_TIMEOUT_MS'],
    message: 'must not be more than FLOW_REQUEST_TIMEOUT_MS, which counts from the same moment',
  })
  .refine((value) => value.PROXY_PORT === undefined || value.PROXY_CA_FILE !== undefined, {
    path: ['PROXY_CA_FILE'],
    message: 'must be set with PROXY_PORT: the proxy-facing listener admits nobody without it',
  });

const messageLogEnvironment = shellEnvironment
  .extend(databaseEnvironment.shape)
  .extend(runtimeGoneAfter)
  .extend({
    /** How many days the message processing log is kept. */
    MESSAGE_LOG_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  });

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('flow-runtime', environment, process.env);
}

export function readMessageLogConfig(): z.output<typeof messageLogEnvironment> {
  return readEnvironment('message-log', messageLogEnvironment, process.env);
}

export function listenersOf(config: Config): ListenersConfig {
  const { PROXY_PORT, PROXY_CA_FILE, PROXIES_FILE } = config;
  return {
    host: config.FLOW_HOST,
    port: config.FLOW_PORT,
    identityFiles: config.TLS_CERTIFICATE_FILE.map((certificateFile, index) => ({
      certificateFile,
      keyFile: config.TLS_KEY_FILE[index] ?? '',
    })),
    limits: {
      handshakeTimeout: config.FLOW_HANDSHAKE_TIMEOUT_MS,
      headersTimeout: config.FLOW_HEADERS_TIMEOUT_MS,
      requestTimeout: config.FLOW_REQUEST_TIMEOUT_MS,
      keepAliveTimeout: config.FLOW_KEEP_ALIVE_TIMEOUT_MS,
      maxConnections: config.FLOW_MAX_CONNECTIONS,
      maxConnectionsPerAddress: config.FLOW_MAX_CONNECTIONS_PER_ADDRESS,
    },
    ...(PROXY_PORT !== undefined && PROXY_CA_FILE !== undefined
      ? {
          proxy: {
            host: config.PROXY_HOST,
            port: PROXY_PORT,
            files: { caFile: PROXY_CA_FILE, ...(PROXIES_FILE ? { proxiesFile: PROXIES_FILE } : {}) },
          },
        }
      : {}),
  };
}
