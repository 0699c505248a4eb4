import { z } from 'zod';
import { defineHttpOperation } from '../operation/operation.js';
import { members } from '../operation/violations.js';
import { defineRequest } from '../request/request-contract.js';
import { sha256Hex, timestamp } from '../request/shapes.js';

/** How long a session of the console holds: unused, and at most. Milliseconds. */
export const sessionTimes = { idleMs: 30 * 60_000, maxMs: 12 * 3_600_000 } as const;

/** Of whom a session is that was opened by the provider of identities. */
export const sessionOfPerson = z.object({
  id: z.string(),
  shown: z.string().meta({ description: 'Name, as the provider says it.' }),
});

export const session = z
  .object({
    name: z.string().meta({
      description:
        'Who does what is done in it: the name of the admin token it was opened with, or that of a person in the audit trail.',
    }),
    roles: z
      .array(z.string())
      .meta({ description: 'Its rights: those that the admin token has now, or that the person had at the sign-in.' }),
    expiresAt: timestamp.optional().meta({
      description:
        'When it ends however much it is used; being unused ends it before. Absent for who calls by a token.',
    }),
    person: sessionOfPerson.optional().meta({ description: 'Who signed in by the provider of identities.' }),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof session>;

const tag = 'Administration';

/** @remarks Neither the token nor what the cookie holds crosses the bus: their SHA-256 do. */
export const openSession = defineRequest(
  'authorization',
  'open-session',
  z.object({ tokenSha256: sha256Hex, sessionSha256: sha256Hex }),
  z.object({ session }),
);

/** Without `sessionSha256`: all sessions of the same admin token or person. One that is not there is closed. */
export const closeSession = defineRequest(
  'authorization',
  'close-session',
  z.object({ name: z.string(), sessionSha256: sha256Hex.optional() }),
  z.object({}),
);

export const signIn = defineHttpOperation('signIn', {
  method: 'POST',
  needs: 'nothing',
  path: '/v1/sessions',
  tag,
  summary: 'Opens a session for the console: the answer sets a cookie that no script can read.',
  description:
    'Opens a session for the console: the answer sets a cookie that no script can read. Calls with the cookie may change something only when they come from a page of the same origin.',
  status: 201,
  body: members({ token: z.string().min(1).max(512) }),
  answer: session,
  secret: true,
  errors: ['unauthenticated', 'permission-denied', 'too-many-attempts'],
});

export const getSession = defineHttpOperation('getSession', {
  method: 'GET',
  needs: 'any',
  path: '/v1/sessions/current',
  tag,
  summary: 'Tells who calls, and with which rights.',
  answer: session,
});

export const signOut = defineHttpOperation('signOut', {
  method: 'DELETE',
  needs: 'any',
  path: '/v1/sessions/current',
  tag,
  summary: 'Closes the session that the call came in.',
});

export const signOutEverywhere = defineHttpOperation('signOutEverywhere', {
  method: 'DELETE',
  needs: 'any',
  path: '/v1/sessions',
  tag,
  summary: 'Closes every session of the admin token or the person that the call came with.',
});
