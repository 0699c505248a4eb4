import { defaultLeaseMs } from '@sluice/contracts';
import { databaseEnvironment, destinationEnvironment, readEnvironment, shellEnvironment } from '@sluice/service-shell';
import { z } from 'zod';
import type { ListenersConfig } from './listeners/listeners.js';

const port = z.coerce.number().int().min(0).max(65_535);

const milliseconds = z.coerce.number().int().min(100).max(3_600_000);
const files = z
  .string()
  .transform((value) => value.split(',').map((file) => file.trim()))
  .refine((names) => names.every((name) => name !== ''), 'must name a file, or several separated by commas');

/** So long a flow runtime is not seen before what it worked on is abandoned and it is not shown with the flows. */
const runtimeGoneAfter = {
  RUNTIME_GONE_AFTER_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(20_000)
    .describe(
      'So long a flow runtime is not seen before what it worked on is abandoned and it is not shown with the flows.',
    ),
};

const environment = shellEnvironment
  .extend(databaseEnvironment.shape)
  .extend(runtimeGoneAfter)
  .extend(destinationEnvironment.shape)
  .extend({
    RECORD_KEYS_FILE: z.string().min(1).describe('PEM of the public keys that sign state records.'),
    FLOW_URL: z.url().describe('Where senders reach the endpoints; goes into the answers of the API.'),
    FLOW_HOST: z
      .string()
      .default('127.0.0.1')
      .describe('The public listener: senders connect with their certificates.'),
    FLOW_PORT: port.describe('Its port.'),
    TLS_CERTIFICATE_FILE: files.describe(
      'The server certificate with its chain, and its key; several of both, each separated by commas, for several virtual hosts. Files that were replaced are used from the next connection on.',
    ),
    TLS_KEY_FILE: files.describe('The key of each certificate of TLS_CERTIFICATE_FILE, in the same order.'),
    FLOW_HANDSHAKE_TIMEOUT_MS: milliseconds.default(10_000).describe('How long a TLS handshake may take.'),
    FLOW_HEADERS_TIMEOUT_MS: milliseconds.default(15_000).describe('How long the head of a request may take.'),
    FLOW_REQUEST_TIMEOUT_MS: milliseconds.default(120_000).describe('How long a whole request may take to come.'),
    FLOW_KEEP_ALIVE_TIMEOUT_MS: milliseconds
      .default(65_000)
      .describe('How long a connection is kept without a request.'),
    FLOW_MAX_CONNECTIONS: z.coerce
      .number()
      .int()
      .min(1)
      .default(16_000)
      .describe('Connections of one listener at once.'),
    FLOW_MAX_CONNECTIONS_PER_ADDRESS: z.coerce
      .number()
      .int()
      .min(1)
      .default(4_000)
      .describe('Connections from one address at once, on the public listener.'),
    PROXY_HOST: z.string().default('127.0.0.1').describe('Address of the proxy-facing listener.'),
    PROXY_PORT: port.optional().describe('Its port; without it there is no such listener.'),
    PROXY_CA_FILE: z
      .string()
      .optional()
      .describe('PEM: who has a certificate of it may call the proxy-facing listener.'),
    PROXIES_FILE: z
      .string()
      .optional()
      .describe(
        'JSON: which proxies there are and in which form each passes certificates on (docs/proxies.md). None: RFC 9440 from all.',
      ),
    LEASE_MS: z.coerce
      .number()
      .int()
      .min(1_000)
      .max(600_000)
      .default(defaultLeaseMs)
      .describe(
        'How long verdicts are trusted after the state stream was last known to be writable and followed to its end.',
      ),
    WRITERS_ABSENT_MS: z.coerce
      .number()
      .int()
      .min(10_000)
      .max(604_800_000)
      .default(3_600_000)
      .describe('How long verdicts are trusted while a service that writes state (key-management, say) is away.'),
    USAGE_REPORT_MS: z.coerce
      .number()
      .int()
      .min(1_000)
      .max(60_000)
      .default(15_000)
      .describe('How often is told which certificates were used; `lastUsedAt` is right to within this.'),
    VERDICT_CACHE_SIZE: z.coerce.number().int().min(100).default(1_000_000).describe('Verdicts kept.'),
    REFUSAL_CACHE_SIZE: z.coerce.number().int().min(1).default(10_000).describe('Refusals kept.'),
    REFUSAL_MS: z.coerce
      .number()
      .int()
      .min(0)
      .max(60_000)
      .default(2_000)
      .describe(
        'How long refusals are kept: what ends one by the clock alone shows after this time at the latest. 0 keeps none.',
      ),
    DECISION_SAMPLE: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.001)
      .describe('Share of the allowed calls whose decision is recorded, 0 to 1. Every denied one is.'),
    MAXIMUM_QUESTIONS: z.coerce
      .number()
      .int()
      .min(4)
      .default(256)
      .describe('Decisions being made at once; further ones are answered 503.'),
    CREDENTIAL_KEY_FILE: z
      .string()
      .min(1)
      .describe('32 bytes in base64: credentials of receivers are sealed under it.'),
    RECEIVER_HOSTS: z
      .string()
      .default('')
      .describe('Hosts that flows may call, separated by commas (`api.example.com,*.example.com:8443`); empty: any.'),
    RECEIVER_ROOTS_FILE: z
      .string()
      .optional()
      .describe("PEM of the roots that receivers' certificates must end in; absent: the public ones that Node ships."),
    RECEIVER_MAXIMUM_RESPONSE_MB: z.coerce
      .number()
      .int()
      .min(1)
      .max(1_024)
      .default(40)
      .describe('Largest answer of a receiver.'),
    MESSAGE_TIME_LIMIT_MS: z.coerce
      .number()
      .int()
      .min(1_000)
      .max(3_600_000)
      .default(300_000)
      .describe('How long a flow may take for one message, all its calls included.'),
    FLOW_WORKERS: z.coerce
      .number()
      .int()
      .min(2)
      .max(64)
      .default(3)
      .describe(
        'Processes that run messages whose cost their sender decides; one sender never has the last free one as a second.',
      ),
    FLOW_WORKER_MEMORY_MB: z.coerce
      .number()
      .int()
      .min(64)
      .max(65_536)
      .default(512)
      .describe('Memory one of them may use; a message that needs more fails, and the process is replaced.'),
    FLOW_BODY_MEMORY_MB: z.coerce
      .number()
      .int()
      .min(1)
      .max(65_536)
      .default(256)
      .describe(
        'Memory that the bodies of all requests may take at once in the runtime itself; a larger body is refused, and one without room waits for up to 10 s.',
      ),
    SENDER_REQUESTS_PER_SECOND: z.coerce
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe('Requests that one sender (service key) may make at this runtime, on the average; 0: no limit.'),
    SENDER_REQUESTS_BURST: z.coerce
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('So many at once of a sender that was quiet before; absent: as many as in a second.'),
    SENDER_CONCURRENT_MESSAGES: z.coerce
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe('Messages that one sender may have under way at this runtime; 0: no limit.'),
    MESSAGE_CPU_MS: z.coerce
      .number()
      .int()
      .min(100)
      .max(3_600_000)
      .default(10_000)
      .describe('CPU time that one message may use in them, in milliseconds.'),
    EVENT_LOOP_LIMIT_MS: z.coerce
      .number()
      .int()
      .min(2_000)
      .max(600_000)
      .default(30_000)
      .describe('How long the event loop may stand still before the process ends itself, to be started anew.'),
    SCRIPT_TIME_LIMIT_MS: z.coerce
      .number()
      .int()
      .min(10)
      .max(600_000)
      .default(5_000)
      .describe('How long one script may take.'),
    SCRIPT_MEMORY_MB: z.coerce.number().int().min(4).max(1_024).default(64).describe('Memory one script may take.'),
    DRAIN_MS: z.coerce
      .number()
      .int()
      .min(0)
      .max(10_000)
      .default(0)
      .describe(
        'How long connections are still served at the end, each answer closing its own: for load balancers that reuse them.',
      ),
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
    MESSAGE_LOG_DAYS: z.coerce
      .number()
      .int()
      .min(1)
      .max(3_650)
      .default(30)
      .describe('How many days the message processing log is kept.'),
    DECISION_RETENTION_HOURS: z.coerce
      .number()
      .int()
      .min(1)
      .default(168)
      .describe('How long the list of decisions is kept; key-management has the same setting for their records.'),
  });

/** What each program of this package is told, for those that start it and for docs/settings.md. */
export const settings = { 'flow-runtime': environment, 'message-log': messageLogEnvironment };

export type Config = z.output<typeof environment>;

export function readConfig(): Config {
  return readEnvironment('flow-runtime', environment, process.env);
}

export type MessageLogConfig = z.output<typeof messageLogEnvironment>;

export function readMessageLogConfig(): MessageLogConfig {
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
