import {
  adminToken,
  certificateList,
  checkFlow,
  decisionRecord,
  flow,
  importFlows,
  listAdminTokens,
  listFlows,
  listMessageProcessingLogs,
  listServiceInstances,
  listServiceKeys,
  listTrustedRoots,
  listUserRoles,
  messageProcessingLog,
  revokeServiceInstance,
  rebuildState,
  serviceInstance,
  serviceKey,
  serviceKeyWithCredentials,
  stateComparison,
  trustedRoot,
  userRole,
} from '@sluice/contracts';
import { revocationReasons } from '@sluice/domain';
import { z } from 'zod';

/** One call of the API. `request` is JSON unless `mediaTypes` says otherwise; no `response` means no body. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly status: number;
  readonly request?: z.ZodType;
  readonly mediaTypes?: readonly string[];
  readonly response?: z.ZodType;
  readonly responseMediaType?: string;
  readonly query?: readonly string[];
}

const propagation = { propagation: z.enum(['published', 'pending']) };
const parameters = z.record(z.string(), z.unknown());
const named = z.object({ name: z.string(), parameters: parameters.optional() });
const artifactMediaTypes = [
  'application/yaml',
  'application/json',
  'application/xml',
  'application/zip',
  'multipart/form-data',
];
const revocation = z.object({ reason: z.enum(revocationReasons).optional() });
const paging = ['limit', 'after'];
const connectivityTest = z.object({
  id: z.string(),
  status: z.enum(['succeeded', 'failed']),
  error: z.string().optional(),
  certificates: z.array(
    z.object({ subjectdn: z.string(), issuerdn: z.string(), sha256: z.string(), root: z.boolean(), file: z.string() }),
  ),
});

const revocationPolicy = z.object({
  failure: z.enum(['hard', 'soft']).optional(),
  scope: z.enum(['all', 'leaf']).optional(),
  maximumAgeSeconds: z.number().int().optional(),
  clockSkewSeconds: z.number().int().optional(),
  crls: z.array(z.object({ url: z.string(), refreshSeconds: z.number().int().optional() })).optional(),
  issuerCertificates: z.array(z.string()).optional(),
  ocsp: z
    .object({
      url: z.string().optional(),
      nonce: z.enum(['required', 'optional', 'none']).optional(),
      timeoutMilliseconds: z.number().int().optional(),
    })
    .optional(),
});

export const operations: readonly Operation[] = [
  {
    method: 'get',
    path: '/v1/user-roles',
    summary: 'Lists user roles.',
    status: 200,
    response: listUserRoles.response,
    query: paging,
  },
  {
    method: 'post',
    path: '/v1/user-roles',
    summary: 'Creates a user role.',
    status: 201,
    request: z.object({ name: z.string(), description: z.string().optional() }),
    response: userRole.extend(propagation),
  },
  {
    method: 'patch',
    path: '/v1/user-roles/{name}',
    summary: 'Changes the description of a custom role.',
    status: 200,
    request: z.object({ description: z.string() }),
    response: userRole.extend(propagation),
  },
  {
    method: 'delete',
    path: '/v1/user-roles/{name}',
    summary: 'Deletes a role that nobody uses; 409 lists its users.',
    status: 204,
  },
  {
    method: 'get',
    path: '/v1/service-instances',
    summary: 'Lists service instances.',
    status: 200,
    response: listServiceInstances.response,
    query: paging,
  },
  {
    method: 'post',
    path: '/v1/service-instances',
    summary: 'Creates a service instance.',
    status: 201,
    request: named.extend({ plan: z.enum(['integration-flow', 'api']).optional() }),
    response: serviceInstance.extend(propagation),
  },
  {
    method: 'get',
    path: '/v1/service-instances/{id}',
    summary: 'Shows a service instance.',
    status: 200,
    response: serviceInstance,
  },
  {
    method: 'patch',
    path: '/v1/service-instances/{id}',
    summary: 'Merges parameters into a service instance; seen on the next request.',
    status: 200,
    request: named.partial(),
    response: serviceInstance.extend(propagation),
  },
  {
    method: 'delete',
    path: '/v1/service-instances/{id}',
    summary: 'Deletes a service instance; with force=true its keys too.',
    status: 204,
    query: ['force'],
  },
  {
    method: 'get',
    path: '/v1/service-instances/{id}/service-keys',
    summary: 'Lists the keys of an instance.',
    status: 200,
    response: listServiceKeys.response,
    query: paging,
  },
  {
    method: 'post',
    path: '/v1/service-instances/{id}/service-keys',
    summary: 'Creates a service key; private key and secret are shown this once.',
    status: 201,
    request: named,
    response: serviceKeyWithCredentials.extend(propagation),
  },
  {
    method: 'get',
    path: '/v1/service-keys/{id}',
    summary: 'Shows a service key, without what is shown once.',
    status: 200,
    response: serviceKeyWithCredentials,
  },
  {
    method: 'delete',
    path: '/v1/service-keys/{id}',
    summary: 'Deletes a service key and ends its access.',
    status: 204,
  },
  {
    method: 'post',
    path: '/v1/service-keys/{id}/rotate',
    summary: 'Gives a key a successor certificate; the old one stays valid for the overlap.',
    status: 200,
    request: z.object({
      overlapSeconds: z.number().int().min(0).optional(),
      retireAfterUnusedDays: z.number().int().min(1).optional(),
      'certificate-request': z.string().optional(),
      'X.509': z.string().optional(),
    }),
    response: serviceKeyWithCredentials.extend(propagation),
  },
  {
    method: 'post',
    path: '/v1/service-keys/{id}/revoke',
    summary: 'Revokes a key for good, with a reason of RFC 5280.',
    status: 200,
    request: revocation,
    response: serviceKey.extend(propagation),
  },
  {
    method: 'post',
    path: '/v1/service-keys/{id}/certificates/{sha256}/revoke',
    summary: 'Revokes one certificate of a key for good; the key lives on with its others.',
    status: 200,
    request: revocation,
    response: serviceKey.extend(propagation),
  },
  {
    method: 'post',
    path: '/v1/service-instances/{id}/revoke',
    summary: 'Revokes all keys of an instance, or none.',
    status: 200,
    request: revocation,
    response: revokeServiceInstance.response,
  },
  {
    method: 'get',
    path: '/v1/trusted-roots',
    summary: 'Lists the trusted roots.',
    status: 200,
    response: listTrustedRoots.response,
    query: paging,
  },
  {
    method: 'post',
    path: '/v1/trusted-roots',
    summary: 'Trusts a root, from the next request on.',
    status: 201,
    request: z.object({ pem: z.string() }),
    response: trustedRoot.extend(propagation),
  },
  { method: 'delete', path: '/v1/trusted-roots/{sha256}', summary: 'Removes a trusted root.', status: 204 },
  {
    method: 'get',
    path: '/v1/trusted-roots/{sha256}',
    summary: 'Shows a trusted root, its revocation policy and its CRLs.',
    status: 200,
    response: trustedRoot,
  },
  {
    method: 'put',
    path: '/v1/trusted-roots/{sha256}/revocation',
    summary:
      'Sets how certificates below a root are checked for revocation. Every CRL is fetched before it is in force.',
    status: 200,
    request: revocationPolicy,
    response: trustedRoot.extend(propagation),
  },
  {
    method: 'delete',
    path: '/v1/trusted-roots/{sha256}/revocation',
    summary: 'Checks revocation below a root no longer.',
    status: 204,
  },
  {
    method: 'post',
    path: '/v1/trusted-roots/{sha256}/crls',
    summary: 'Brings an uploaded CRL (DER, PEM, or JSON with pem) into force.',
    status: 201,
    mediaTypes: ['application/pkix-crl', 'application/x-pem-file', 'application/json'],
    response: certificateList.extend(propagation),
  },
  {
    method: 'delete',
    path: '/v1/trusted-roots/{sha256}/crls/{list}',
    summary: 'Takes an uploaded CRL away.',
    status: 204,
  },
  {
    method: 'get',
    path: '/v1/flows',
    summary: 'Lists flows.',
    status: 200,
    response: listFlows.response,
    query: paging,
  },
  { method: 'get', path: '/v1/flows/{id}', summary: 'Shows a flow with its definition.', status: 200, response: flow },
  {
    method: 'put',
    path: '/v1/flows/{id}',
    summary: 'Deploys a flow; the answer has the warnings.',
    status: 200,
    request: z.unknown(),
    mediaTypes: artifactMediaTypes,
    response: flow.extend(propagation),
  },
  {
    method: 'post',
    path: '/v1/flows/check',
    summary: 'Tells of every flow of an artifact what a deployment would say. Nothing is deployed.',
    status: 200,
    request: z.unknown(),
    mediaTypes: artifactMediaTypes,
    response: checkFlow.response,
    query: ['id'],
  },
  {
    method: 'post',
    path: '/v1/flows/import',
    summary: 'Deploys every flow of a package, each for itself.',
    status: 200,
    request: z.unknown(),
    mediaTypes: ['application/zip', 'multipart/form-data'],
    response: importFlows.response,
  },
  { method: 'delete', path: '/v1/flows/{id}', summary: 'Undeploys a flow.', status: 204 },
  {
    method: 'get',
    path: '/v1/message-processing-logs',
    summary: 'Lists the message processing log, newest first.',
    status: 200,
    response: listMessageProcessingLogs.response,
    query: [...paging, 'flow', 'status', 'since', 'until', 'sender', 'correlationId'],
  },
  {
    method: 'get',
    path: '/v1/message-processing-logs/{id}',
    summary: 'Shows one entry.',
    status: 200,
    response: messageProcessingLog,
  },
  {
    method: 'get',
    path: '/v1/message-processing-logs/{id}/attachments/{index}',
    summary: 'Downloads an attachment of an entry, by its place in the list.',
    status: 200,
    responseMediaType: 'application/octet-stream',
  },
  {
    method: 'get',
    path: '/v1/decisions/{id}',
    summary: 'Tells why a call was denied.',
    status: 200,
    response: decisionRecord,
  },
  {
    method: 'post',
    path: '/v1/connectivity-tests',
    summary: 'Tests TLS to a host and port, and lists the chain.',
    status: 201,
    request: z.object({ host: z.string(), port: z.number().int(), validateServerCertificate: z.boolean().optional() }),
    response: connectivityTest,
  },
  {
    method: 'get',
    path: '/v1/connectivity-tests/{id}',
    summary: 'Shows a test again.',
    status: 200,
    response: connectivityTest,
  },
  {
    method: 'get',
    path: '/v1/connectivity-tests/{id}/certificates.zip',
    summary: 'The chain as .cer files.',
    status: 200,
    responseMediaType: 'application/zip',
  },
  {
    method: 'get',
    path: '/v1/admin-tokens',
    summary: 'Lists the names of admin tokens.',
    status: 200,
    response: listAdminTokens.response,
    query: paging,
  },
  {
    method: 'post',
    path: '/v1/admin-tokens',
    summary: 'Makes an admin token, shown this once.',
    status: 201,
    request: z.object({ name: z.string() }),
    response: adminToken.extend({ token: z.string() }),
  },
  { method: 'delete', path: '/v1/admin-tokens/{name}', summary: 'Revokes an admin token.', status: 204 },
  {
    method: 'get',
    path: '/v1/state/comparison',
    summary: 'Compares the state stream with Postgres.',
    status: 200,
    response: z.object({
      differing: z.number().int(),
      services: z.array(stateComparison.extend({ service: z.string() })),
    }),
  },
  {
    method: 'post',
    path: '/v1/state/rebuild',
    summary: 'Makes the state stream anew from Postgres; until it is filled every call is answered 503.',
    status: 202,
    response: rebuildState.response,
  },
];
