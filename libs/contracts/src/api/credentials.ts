import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { tagged } from '../operation/tagged.js';
import { members, oneOf, textUpTo } from '../operation/violations.js';
import {
  byActor,
  changed,
  etag,
  idInPath,
  ifMatch,
  ifNoneMatch,
  page,
  pageRequest,
  paging,
  sha256Hex,
  timestamp,
} from '../request/shapes.js';

const description = textUpTo(1_000).optional();
const text = textUpTo(1_000, 1);
const secret = textUpTo(10_000, 1);
const pem = textUpTo(100_000, 1);
export const credentialTypes = ['UserCredentials', 'OAuth2ClientCredentials', 'KeyPair'] as const;
const clientAuthentication = ['header', 'body'] as const;
const ofType = (type: (typeof credentialTypes)[number]) => `a member of a credential of type ${type}`;

/** What an administrator stores under an alias. Secrets go in and never come out again. */
export const receiverCredentialInput = z
  .discriminatedUnion(
    'type',
    [
      members(
        { type: z.literal('UserCredentials'), description, user: text, password: secret },
        ofType('UserCredentials'),
      ).meta({ title: 'UserCredentials' }),
      members(
        {
          type: z.literal('OAuth2ClientCredentials'),
          description,
          tokenUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_000),
          clientId: text,
          clientSecret: secret,
          scope: textUpTo(1_000).optional(),
          clientAuthentication: oneOf(clientAuthentication).default('header').meta({
            description: "Where the client's id and secret stand in the token request (RFC 6749 §2.3.1).",
          }),
        },
        ofType('OAuth2ClientCredentials'),
      ).meta({ title: 'OAuth2ClientCredentials' }),
      members(
        {
          type: z.literal('KeyPair'),
          description,
          certificate: pem.meta({ description: 'PEM: the client certificate, then what completes its chain.' }),
          key: pem.meta({ description: 'PEM, not encrypted.' }),
        },
        ofType('KeyPair'),
      ).meta({ title: 'KeyPair' }),
    ],
    {
      error: (issue) =>
        issue.code === 'invalid_union' ? `must be one of ${credentialTypes.join(', ')}` : 'must be an object',
    },
  )
  .meta({ id: 'ReceiverCredentialInput', examples: [{ type: 'UserCredentials', user: 'sluice', password: '…' }] });
export type ReceiverCredentialInput = z.output<typeof receiverCredentialInput>;

/** A credential as it may be shown. */
export const receiverCredential = z
  .object({
    alias: z.string(),
    type: z.enum(credentialTypes),
    description: z.string().optional(),
    user: z.string().optional(),
    tokenUrl: z.string().optional(),
    clientId: z.string().optional(),
    scope: z.string().optional(),
    clientAuthentication: z.enum(clientAuthentication).optional(),
    certificate: z
      .object({ subjectdn: z.string(), issuerdn: z.string(), sha256: sha256Hex, validuntil: timestamp })
      .optional(),
    version: z.number().int(),
    changedAt: timestamp,
  })
  .meta({ id: 'ReceiverCredential' });
export type ReceiverCredentialView = z.infer<typeof receiverCredential>;

const tag = 'Credentials';

export const listReceiverCredentials = defineOperation('flow-runtime', 'list-receiver-credentials', {
  request: pageRequest,
  response: page(receiverCredential),
  http: {
    method: 'GET',
    needs: 'Credentials.read',
    path: '/v1/credentials',
    tag,
    summary: 'Lists the credentials that receiver channels name, without their secrets.',
    query: paging,
  },
});

export const getReceiverCredential = defineOperation('flow-runtime', 'get-receiver-credential', {
  request: z.object({ alias: idInPath('Alias of the credential.') }),
  response: tagged(receiverCredential),
  http: {
    method: 'GET',
    needs: 'Credentials.read',
    path: '/v1/credentials/{alias}',
    tag,
    summary: 'Shows a credential without its secret.',
    errors: ['not-found'],
  },
});

export const putReceiverCredential = defineOperation('flow-runtime', 'put-receiver-credential', {
  request: byActor.extend({
    alias: idInPath('Alias of the credential.'),
    credential: receiverCredentialInput,
    ifMatch,
    ifNoneMatch,
  }),
  response: changed.extend({ credential: receiverCredential, created: z.boolean(), etag: etag.optional() }),
  http: {
    method: 'PUT',
    needs: 'Credentials.manage',
    path: '/v1/credentials/{alias}',
    tag,
    summary: 'Stores a credential under its alias; the next call of every flow uses it.',
    body: 'credential',
    shows: 'credential',
  },
});

export const deleteReceiverCredential = defineOperation('flow-runtime', 'delete-receiver-credential', {
  request: byActor.extend({ alias: idInPath('Alias of the credential.'), ifMatch }),
  response: changed,
  http: {
    method: 'DELETE',
    needs: 'Credentials.manage',
    path: '/v1/credentials/{alias}',
    tag,
    summary: 'Removes a credential.',
    errors: ['not-found'],
  },
});
