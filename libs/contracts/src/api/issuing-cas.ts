import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { tagged } from '../operation/tagged.js';
import { yesOrNo } from '../operation/violations.js';
import {
  byActor,
  changed,
  etag,
  idempotencyKey,
  idInPath,
  ifMatch,
  page,
  pageRequest,
  paging,
  sha256Hex,
  timestamp,
} from '../request/shapes.js';
import { revocationReason } from './revocation-reason.js';

const authorityView = z.object({
  id: z.uuid(),
  subject: z.string(),
  sha256: sha256Hex,
  serialnumber: z.string(),
  status: z.enum(['prepared', 'active', 'retiring', 'retired', 'revoked']),
  validfrom: timestamp,
  validuntil: timestamp,
  certificate: z.string().meta({ description: 'PEM.' }),
  createdAt: timestamp,
});
/** An issuing CA of ours with the root it stands under. */
export const issuingCa = authorityView
  .extend({
    root: authorityView,
    usableCertificates: z
      .number()
      .int()
      .meta({ description: 'Certificates of service keys that it issued and that are usable now.' }),
    revocationReason: z.string().optional(),
  })
  .meta({ id: 'IssuingCa' });
export type IssuingCaView = z.infer<typeof issuingCa>;

const tag = 'Issuing CAs';
const errors = ['not-found', 'issuing-ca-state'] as const;

export const listIssuingCas = defineOperation('key-management', 'list-issuing-cas', {
  request: pageRequest,
  response: page(issuingCa),
  http: {
    method: 'GET',
    needs: 'Trust.read',
    path: '/v1/issuing-cas',
    tag,
    summary: 'Lists the issuing CAs with their roots.',
    query: paging,
  },
});

export const prepareIssuingCa = defineOperation('key-management', 'prepare-issuing-ca', {
  request: byActor.extend({
    root: z.enum(['present', 'new'], { error: 'must be present (the default) or new' }).default('present'),
    idempotencyKey,
  }),
  response: changed.extend({ issuingCa, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Trust.manage',
    path: '/v1/issuing-cas',
    tag,
    summary: 'Prepares the next issuing CA, below the present root or a new one; trusted at once, issuing nothing yet.',
    status: 201,
    shows: 'issuingCa',
    errors: ['issuing-ca-state'],
  },
});

export const getIssuingCa = defineOperation('key-management', 'get-issuing-ca', {
  request: z.object({ id: idInPath('Id of the issuing CA.') }),
  response: tagged(issuingCa),
  http: {
    method: 'GET',
    needs: 'Trust.read',
    path: '/v1/issuing-cas/{id}',
    tag,
    summary: 'Shows an issuing CA.',
    errors: ['not-found'],
  },
});

export const activateIssuingCa = defineOperation('key-management', 'activate-issuing-ca', {
  request: byActor.extend({ id: idInPath('Id of the issuing CA.'), ifMatch }),
  response: changed.extend({ issuingCa, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Trust.manage',
    path: '/v1/issuing-cas/{id}/activate',
    tag,
    summary: 'Lets a prepared CA issue; keys of both generations stay valid.',
    shows: 'issuingCa',
    errors,
  },
});

export const retireIssuingCa = defineOperation('key-management', 'retire-issuing-ca', {
  request: byActor.extend({
    id: idInPath('Id of the issuing CA.'),
    force: yesOrNo.default(false).meta({ description: 'Revokes the certificates that are still usable by it.' }),
    ifMatch,
  }),
  response: changed.extend({ issuingCa, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Trust.manage',
    path: '/v1/issuing-cas/{id}/retire',
    tag,
    summary: 'Takes a replaced CA out of use; with force=true its usable certificates are revoked.',
    query: ['force'],
    shows: 'issuingCa',
    errors: [...errors, 'approval-required'],
  },
});

/** Ends every certificate below the CA, however many they are. */
export const revokeIssuingCa = defineOperation('key-management', 'revoke-issuing-ca', {
  request: byActor.extend({ id: idInPath('Id of the issuing CA.'), reason: revocationReason, ifMatch }),
  response: changed.extend({ issuingCa, etag: etag.optional() }),
  timeoutMs: 60_000,
  http: {
    method: 'POST',
    needs: 'Trust.manage',
    path: '/v1/issuing-cas/{id}/revoke',
    tag,
    summary: 'Revokes a CA and every certificate below it; the active one gets a successor at once.',
    shows: 'issuingCa',
    errors: [...errors, 'approval-required'],
  },
});
