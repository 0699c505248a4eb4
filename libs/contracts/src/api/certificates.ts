import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { oneOf } from '../operation/violations.js';
import { page, pageRequest, paging, pointInTime, sha256Hex, timestamp } from '../request/shapes.js';

const kinds = ['issued', 'external', 'issuing-ca', 'own-root', 'trusted-root', 'server', 'server-ca'] as const;
const servers = ['front-door', 'bus', 'database'] as const;
const statuses = ['active', 'retiring', 'retired', 'revoked', 'expired', 'prepared'] as const;

/** A certificate that this installation issued, was given to let senders in by, or shows itself. */
export const certificate = z
  .object({
    sha256: sha256Hex,
    kind: z.enum(kinds).meta({
      description:
        '`issued`: of a service key, by our CA; `external`: of a service key, brought along; `issuing-ca` and `own-root`: of our CA; `trusted-root`: added by an administrator; `server`: shown by a server of this installation, `server-ca` with it.',
    }),
    subjectdn: z.string(),
    issuerdn: z.string(),
    serialnumber: z.string(),
    validfrom: timestamp,
    validuntil: timestamp,
    status: z.enum(statuses),
    serviceKeyId: z.uuid().optional(),
    serviceKeyName: z.string().optional(),
    serviceInstanceId: z.uuid().optional(),
    lastUsedAt: timestamp.optional(),
    servers: z.array(z.enum(servers)).optional().meta({
      description:
        'Who shows it: the listeners of the flow runtimes, NATS, Postgres. `retired`: nobody has for a quarter of an hour.',
    }),
  })
  .meta({ id: 'ListedCertificate' });
export type CertificateView = z.infer<typeof certificate>;

export const listCertificates = defineOperation('key-management', 'list-certificates', {
  request: pageRequest.extend({
    kind: oneOf(kinds).optional().meta({ description: 'What the certificate is.' }),
    status: oneOf(statuses).optional().meta({ description: 'How it stands.' }),
    expiringBefore: pointInTime.optional().meta({ description: 'Of which the validity ends before that time.' }),
    expiringAfter: pointInTime.optional().meta({
      description: 'Of which the validity ends at that time or later; now, say, to leave out what has ended.',
    }),
  }),
  response: page(certificate),
  http: {
    method: 'GET',
    needs: 'Monitoring.read',
    path: '/v1/certificates',
    tag: 'Certificates',
    summary:
      'Lists every certificate of service keys, of our CA, of trusted roots and of servers, the one that ends first first.',
    query: [...paging, 'kind', 'status', 'expiringBefore', 'expiringAfter'],
  },
});
