import { z } from 'zod';
import { subscriberName } from '../bus/subscribers.js';
import { defineHttpOperation, defineOperation } from '../operation/operation.js';
import { members, textOf } from '../operation/violations.js';
import { defineRequest } from '../request/request-contract.js';
import {
  base64,
  byActor,
  changed,
  idempotencyKey,
  idInPath,
  page,
  pageRequest,
  paging,
  propagation,
  timestamp,
} from '../request/shapes.js';

/** A subscriber of the events: who it is, and by which names it works. */
export const subscriber = z
  .object({
    id: z.string(),
    name: z.string(),
    publicKey: z.string().meta({ description: 'nkey (`U…`) whose seed the subscriber alone has.' }),
    createdAt: timestamp,
    lastSeenAt: timestamp.optional().meta({
      description: 'When a connection of it was last seen, to the minute; absent until it has connected.',
    }),
    consumers: z.array(z.string()).meta({ description: 'Names that its consumers may have.' }),
    inboxPrefix: z.string().meta({ description: 'Its client must be told so: answers come nowhere else.' }),
  })
  .meta({ id: 'Subscriber' });
export type SubscriberView = z.infer<typeof subscriber>;

const name = textOf(
  subscriberName,
  'must be 1 to 32 of the characters a-z 0-9 - and begin and end with a letter or digit',
).meta({ examples: ['warehouse'] });
/** Its checksum is looked at where it is used. */
const publicKey = z.string({ error: 'must be a public nkey of a user' });

const tag = 'Administration';

export const listSubscribers = defineOperation('authorization', 'list-subscribers', {
  request: pageRequest,
  response: page(subscriber),
  http: {
    method: 'GET',
    needs: 'Subscribers.read',
    path: '/v1/subscribers',
    tag,
    summary: 'Lists who may subscribe to the events.',
    query: paging,
  },
});

/**
 * @remarks The seed never crosses the bus: whoever asks has made it, or has got the public key from the subscriber. With an
 * `idempotencyKey` one that was made is there sealed under the token of who asks, and comes back in the answer, also in that to who repeats the call.
 */
export const createSubscriber = defineRequest(
  'authorization',
  'create-subscriber',
  byActor.extend({ name, publicKey, sealed: base64.optional(), idempotencyKey }),
  changed.extend({ subscriber, sealed: base64.optional() }),
);

export const makeSubscriber = defineHttpOperation('createSubscriber', {
  method: 'POST',
  needs: 'Subscribers.manage',
  path: '/v1/subscribers',
  tag,
  summary: 'Lets somebody subscribe to the events. Without a public key the seed of one is made and shown this once.',
  status: 201,
  body: members({ name, publicKey: publicKey.optional() }),
  answer: subscriber.extend({ seed: z.string().optional(), propagation }),
  headers: ['idempotencyKey'],
  changes: true,
  secret: true,
  errors: ['name-in-use', 'public-key-in-use', 'protected'],
});

/** `pending`: nobody is let in any more, and it is not known yet that every connection has ended. */
export const revokeSubscriber = defineOperation('authorization', 'revoke-subscriber', {
  request: byActor.extend({ id: idInPath('Id of the subscriber.') }),
  response: changed,
  timeoutMs: 10_000,
  http: {
    method: 'DELETE',
    needs: 'Subscribers.manage',
    path: '/v1/subscribers/{id}',
    tag,
    summary: 'Revokes a subscriber: its connections and consumers end. 202 when not all could be reached yet.',
    pending: 'It cannot connect any more; not every connection and consumer of it could be ended yet.',
    errors: ['not-found'],
  },
});
