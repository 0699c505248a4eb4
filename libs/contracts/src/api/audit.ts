import { z } from 'zod';
import { defineHttpOperation } from '../operation/operation.js';
import { oneOf, textUpTo } from '../operation/violations.js';
import { auditEntry, auditHead, listAudit } from '../request/audit.js';
import { page, pageRequest, pointInTime } from '../request/shapes.js';
import type { StateWriter } from '../state/state-records.js';

const tag = 'Administration';
const auditedServices = Object.keys(listAudit) as [StateWriter, ...StateWriter[]];
const { limit, after } = pageRequest.shape;
const sought = textUpTo(256, 1).optional();

/** An entry of the audit trail: its parts for people, and `content`, the text that the hash is of. */
export const auditItem = auditEntry
  .extend({
    service: z.string(),
    at: z.string().optional(),
    actor: z.string().optional(),
    action: z.string().nullish(),
    requestId: z.string().nullish(),
    changes: z.array(z.record(z.string(), z.unknown())).optional(),
  })
  .meta({ id: 'AuditItem', description: 'The parts for people are absent where somebody changed the content.' });

/** Each item in a line of its own. */
export const linesMediaType = 'application/x-ndjson';

export const showAudit = defineHttpOperation('listAudit', {
  method: 'GET',
  needs: 'Audit.read',
  path: '/v1/audit',
  query: {
    limit,
    after,
    service: oneOf(auditedServices).optional().meta({ description: 'Whose audit trail; absent: all of them.' }),
    since: pointInTime.optional().meta({ description: 'Not before this.' }),
    until: pointInTime.optional().meta({ description: 'Before this.' }),
    actor: sought.meta({
      description:
        'Name of the admin token, the service key (`<instance>/<key>`) or the person (`person/<name>/<id>`).',
    }),
    operation: sought.meta({
      description: 'What was asked for: `rotate-service-key`, or the whole `action` of an entry.',
    }),
    entity: sought.meta({
      description: 'Id, name or SHA-256 of what was changed, or of the service key or flow that it belongs to.',
    }),
    table: sought.meta({ description: 'Of what was changed, as `changes` says it: `service_key`.' }),
  },
  tag,
  summary: 'Lists who changed what, newest first.',
  description: `Lists who changed what, newest first: of all services together, or of one. Asked for as \`${linesMediaType}\` it has no pages: everything that the parameters fit comes as it is read, one item a line.`,
  answer: page(auditItem),
  linesOf: linesMediaType,
});

export const showAuditChain = defineHttpOperation('listAuditChain', {
  method: 'GET',
  needs: 'Audit.read',
  path: '/v1/audit/chains/{service}',
  parameters: { service: oneOf(auditedServices).meta({ description: 'Whose audit trail.' }) },
  query: { limit, after },
  tag,
  summary: "Lists a service's audit trail in the order of its hash chain, the first entry first.",
  answer: page(auditItem),
});

export const showAuditHeads = defineHttpOperation('listAuditHeads', {
  method: 'GET',
  needs: 'Audit.read',
  path: '/v1/audit/heads',
  tag,
  summary: 'Shows the newest hash of each audit trail.',
  answer: z.object({ heads: z.array(auditHead.extend({ service: z.enum(auditedServices) })) }),
});
