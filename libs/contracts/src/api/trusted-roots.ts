import { z } from 'zod';
import { defineHttpOperation, defineOperation } from '../operation/operation.js';
import { tagged } from '../operation/tagged.js';
import { defineRequest } from '../request/request-contract.js';
import {
  base64,
  byActor,
  changed,
  etag,
  idempotencyKey,
  idInPath,
  ifMatch,
  page,
  pageRequest,
  paging,
  propagation,
  sha256Hex,
  timestamp,
} from '../request/shapes.js';
import { certificateList, revocation, revocationPolicy } from './revocation-policy.js';
import { certificateWarnings } from './service-key.js';

export const trustedRoot = z
  .object({
    sha256: sha256Hex,
    subject: z.string(),
    issuer: z.string(),
    serialNumber: z.string(),
    notBefore: timestamp,
    notAfter: timestamp,
    keyAlgorithm: z.string(),
    origin: z.enum(['issuing-ca', 'administrator']).meta({
      description:
        '`issuing-ca`: the root of our own CA, trusted while that CA is in use; `administrator`: added by hand.',
    }),
    pem: z.string(),
    addedAt: timestamp,
    revocation: revocation.optional().meta({
      description: 'Absent: not checked. Certificates that our own CA issued are judged by the status of their keys.',
    }),
  })
  .meta({ id: 'TrustedRoot' });
export type TrustedRootView = z.infer<typeof trustedRoot>;

const tag = 'Trusted roots';

export const listTrustedRoots = defineOperation('key-management', 'list-trusted-roots', {
  request: pageRequest,
  response: page(trustedRoot),
  http: {
    method: 'GET',
    needs: 'Trust.read',
    path: '/v1/trusted-roots',
    tag,
    summary: 'Lists the trusted roots.',
    query: paging,
  },
});

export const addTrustedRoot = defineOperation('key-management', 'add-trusted-root', {
  request: byActor.extend({ pem: z.string({ error: 'must be the root certificate in PEM' }), idempotencyKey }),
  response: changed.extend({ trustedRoot, warnings: certificateWarnings, etag: etag.optional() }),
  http: {
    method: 'POST',
    needs: 'Trust.manage',
    path: '/v1/trusted-roots',
    tag,
    summary: 'Trusts a root, from the next request on.',
    status: 201,
    shows: 'trustedRoot',
    errors: ['certificate-refused', 'certificate-in-use'],
  },
});

export const getTrustedRoot = defineOperation('key-management', 'get-trusted-root', {
  request: z.object({ sha256: idInPath('SHA-256 of the root certificate, in lower-case hexadecimal.') }),
  response: tagged(trustedRoot),
  http: {
    method: 'GET',
    needs: 'Trust.read',
    path: '/v1/trusted-roots/{sha256}',
    tag,
    summary: 'Shows a trusted root, its revocation policy and its CRLs.',
    errors: ['not-found'],
  },
});

export const removeTrustedRoot = defineOperation('key-management', 'remove-trusted-root', {
  request: byActor.extend({ sha256: idInPath('SHA-256 of the root certificate, in lower-case hexadecimal.'), ifMatch }),
  response: changed,
  http: {
    method: 'DELETE',
    needs: 'Trust.manage',
    path: '/v1/trusted-roots/{sha256}',
    tag,
    summary: 'Removes a trusted root.',
    errors: ['not-found', 'protected', 'approval-required'],
  },
});

/** `policy` absent: revocation is checked no longer. The time-out is longer because each CRL is fetched first. */
export const configureRevocation = defineOperation('key-management', 'configure-revocation', {
  request: byActor.extend({
    sha256: idInPath('SHA-256 of the root certificate, in lower-case hexadecimal.'),
    policy: revocationPolicy.optional(),
    ifMatch,
  }),
  response: changed.extend({ trustedRoot, etag: etag.optional() }),
  timeoutMs: 60_000,
  http: {
    method: 'PUT',
    needs: 'Trust.manage',
    path: '/v1/trusted-roots/{sha256}/revocation',
    tag,
    summary:
      'Sets how certificates below a root are checked for revocation. Every CRL is fetched before it is in force.',
    body: 'policy',
    shows: 'trustedRoot',
    errors: ['not-found', 'protected', 'certificate-list-refused'],
  },
});

export const removeRevocation = defineHttpOperation('removeRevocation', {
  method: 'DELETE',
  needs: 'Trust.manage',
  path: '/v1/trusted-roots/{sha256}/revocation',
  parameters: { sha256: idInPath('SHA-256 of the root certificate, in lower-case hexadecimal.') },
  tag,
  summary: 'Checks revocation below a root no longer.',
  headers: ['ifMatch'],
  changes: true,
  errors: ['not-found', 'protected'],
});

/** `content`: DER or PEM in base64. */
export const addCertificateList = defineRequest(
  'key-management',
  'add-certificate-list',
  byActor.extend({ sha256: z.string(), content: base64, idempotencyKey }),
  changed.extend({ trustedRoot, certificateList }),
  30_000,
);

/** What a CRL may be sent as besides JSON: DER, or PEM under the same name. */
export const certificateListMediaTypes = ['application/pkix-crl', 'application/x-pem-file'] as const;

export const uploadCertificateList = defineHttpOperation('uploadCertificateList', {
  method: 'POST',
  needs: 'Trust.manage',
  path: '/v1/trusted-roots/{sha256}/crls',
  parameters: { sha256: idInPath('SHA-256 of the root certificate, in lower-case hexadecimal.') },
  tag,
  summary: 'Brings an uploaded CRL (DER, PEM, or JSON with pem) into force.',
  body: z.strictObject({ pem: z.string() }),
  mediaTypes: certificateListMediaTypes,
  headers: ['idempotencyKey'],
  answer: certificateList.extend({ propagation }),
  status: 201,
  changes: true,
  errors: ['not-found', 'protected', 'certificate-list-refused', 'payload-too-large', 'unsupported-media-type'],
});

export const removeCertificateList = defineOperation('key-management', 'remove-certificate-list', {
  request: byActor.extend({
    sha256: idInPath('SHA-256 of the root certificate, in lower-case hexadecimal.'),
    list: idInPath('Id of the CRL.'),
  }),
  response: changed,
  http: {
    method: 'DELETE',
    needs: 'Trust.manage',
    path: '/v1/trusted-roots/{sha256}/crls/{list}',
    tag,
    summary: 'Takes an uploaded CRL away.',
    errors: ['not-found', 'protected'],
  },
});
