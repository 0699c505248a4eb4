import { z } from 'zod';

const milliseconds = z.coerce.number().int().min(1).max(600_000).optional();
const url = z.url({ protocol: /^https?$/ }).optional();
const pairs = z
  .string()
  .regex(/^\s*[^=,\s]+\s*=[^,]*(,\s*[^=,\s]+\s*=[^,]*)*$/, 'must be name=value, several separated by commas')
  .optional();

/**
 * The variables of OpenTelemetry that a process of ours knows: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * and .../otel/protocol/exporter/. Those that only the exporter reads are here so that a wrong one ends the start, and the local stack and compose pass them on.
 */
export const otelEnvironment = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url.describe(
    'Base URL of a collector that takes OTLP over HTTP; spans are exported only when it, the next or OTLP_ENDPOINT is set.',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url.describe('Its whole URL for traces, instead.'),
  OTLP_ENDPOINT: url.describe('The former name of OTEL_EXPORTER_OTLP_ENDPOINT, which comes first where both are set.'),
  OTEL_EXPORTER_OTLP_PROTOCOL: z
    .enum(['http/protobuf', 'http/json'])
    .default('http/protobuf')
    .describe('How spans are encoded.'),
  OTEL_EXPORTER_OTLP_HEADERS: pairs.describe('Headers for the collector, name=value separated by commas.'),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds.describe('Longest time for one batch, retries included, in milliseconds.'),
  OTEL_EXPORTER_OTLP_COMPRESSION: z.enum(['none', 'gzip']).optional().describe('How batches are compressed.'),
  OTEL_EXPORTER_OTLP_CERTIFICATE: z
    .string()
    .optional()
    .describe('PEM of the roots that the certificate of the collector may end in.'),
  OTEL_SERVICE_NAME: z.string().optional().describe('`service.name` of the spans instead of the name of the service.'),
  OTEL_RESOURCE_ATTRIBUTES: pairs.describe('More attributes of the process, name=value separated by commas.'),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_off')
    .describe('Which traces are sampled; by default those whose sender says so.'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1).describe('The share of a `traceidratio`.'),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds.describe('How long a span waits for others, in milliseconds.'),
  OTEL_BSP_EXPORT_TIMEOUT: milliseconds.describe('Longest time a batch is waited for, in milliseconds.'),
  OTEL_BSP_MAX_QUEUE_SIZE: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(2_048)
    .describe('Spans that wait at most; further ones are dropped and counted.'),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(512)
    .describe('Spans in one batch at most.'),
};

export type OtelEnvironment = z.output<z.ZodObject<typeof otelEnvironment>>;
