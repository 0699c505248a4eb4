import { z } from 'zod';
import { defineHttpOperation, defineOperation } from '../operation/operation.js';
import { oneOf, textOf } from '../operation/violations.js';
import { defineRequest } from '../request/request-contract.js';
import { base64, idInPath, page, pageRequest, paging, pointInTime, timestamp } from '../request/shapes.js';

export const messageStatuses = [
  'COMPLETED',
  'PROCESSING',
  'RETRY',
  'ESCALATED',
  'FAILED',
  'CANCELLED',
  'DISCARDED',
  'ABANDONED',
] as const;

/** One entry of the message processing log. */
export const messageProcessingLog = z.object({
  id: z.string(),
  correlationId: z.string(),
  flow: z.string(),
  start: timestamp,
  end: timestamp.optional(),
  status: z.enum(messageStatuses),
  logLevel: z.enum(['NONE', 'INFO', 'DEBUG', 'TRACE']),
  error: z.string().optional(),
  sender: z.string().optional(),
  receiver: z.string().optional(),
  messageType: z.string().optional(),
  applicationId: z.string().optional(),
  customHeaders: z.record(z.string(), z.string()).optional(),
  /** At DEBUG and TRACE; with headers, properties and payload at TRACE. */
  steps: z.array(z.record(z.string(), z.unknown())).optional(),
  /** Steps that ran and are not among `steps`. */
  stepsDropped: z.number().int().optional(),
  /** What log steps and scripts wrote. */
  log: z.array(z.record(z.string(), z.unknown())).optional(),
  /** Their contents are read one by one. */
  attachments: z
    .array(
      z.object({
        name: z.string(),
        mediaType: z.string(),
        size: z.number().int(),
        /** There was no room for it in the log: it cannot be read. */
        contentDropped: z.boolean().optional(),
      }),
    )
    .optional(),
  /** Payloads or attachments were left out, for want of room in the log or because they were too large. */
  payloadsDropped: z.boolean().optional(),
});
export type MessageProcessingLog = z.infer<typeof messageProcessingLog>;

const tag = 'Message processing log';

export const listMessageProcessingLogs = defineOperation('flow-runtime', 'list-message-processing-logs', {
  request: pageRequest.extend({
    flow: z.string().optional().meta({ description: 'Id of a flow.' }),
    status: oneOf(messageStatuses).optional().meta({ description: 'How the message stands.' }),
    since: pointInTime.optional().meta({ description: 'Of the start: not before this.' }),
    until: pointInTime.optional().meta({ description: 'Of the start: before this.' }),
    sender: z.string().optional().meta({ description: 'Who sent it, as the entry says.' }),
    correlationId: z.string().optional().meta({ description: 'Its correlation id, as the entry says.' }),
  }),
  response: page(messageProcessingLog),
  http: {
    method: 'GET',
    needs: 'Monitoring.read',
    path: '/v1/message-processing-logs',
    tag,
    summary: 'Lists the message processing log, newest first.',
    query: [...paging, 'flow', 'status', 'since', 'until', 'sender', 'correlationId'],
  },
});

export const getMessageProcessingLog = defineOperation('flow-runtime', 'get-message-processing-log', {
  request: z.object({ id: idInPath('Id of the entry, as the answer to its message told it.') }),
  response: messageProcessingLog,
  http: {
    method: 'GET',
    needs: 'Messages.read',
    path: '/v1/message-processing-logs/{id}',
    tag,
    summary: 'Shows one entry.',
    errors: ['not-found'],
  },
});

/** One attachment of an entry, by its place in the entry's list. */
export const getMessageAttachment = defineRequest(
  'flow-runtime',
  'get-message-attachment',
  z.object({ id: z.string(), index: z.number().int().nonnegative() }),
  z.object({ name: z.string(), mediaType: z.string(), content: base64 }),
);

export const downloadMessageAttachment = defineHttpOperation('downloadMessageAttachment', {
  method: 'GET',
  needs: 'Messages.read',
  path: '/v1/message-processing-logs/{id}/attachments/{index}',
  parameters: {
    id: idInPath('Id of the entry, as the answer to its message told it.'),
    index: textOf(/^\d{1,6}$/, 'must be a whole number').meta({
      description: 'Which of its attachments, counted from 0.',
    }),
  },
  tag,
  summary: 'Downloads an attachment of an entry, by its place in the list.',
  answerMediaType: 'application/octet-stream',
  errors: ['not-found'],
});
