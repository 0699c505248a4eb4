import { z } from 'zod';
import { defineHttpOperation } from '../operation/operation.js';
import { members } from '../operation/violations.js';
import { defineRequest } from '../request/request-contract.js';
import { sha256Hex, timestamp } from '../request/shapes.js';

/** How long a session of the console holds: unused, and at most. Milliseconds. */
export const sessionTimes = { idleMs: 30 * 60_000, maxMs: 12 * 3_600_000 } as const;

export const session = z
  .object({
    name: z.string().meta({ description: 'Of the admin token it was opened with: who does what is done in it.' }),
    roles: z.array(z.string()).meta({ description: 'Its rights, as they are now.' }),
    expiresAt: timestamp.optional().meta({
      description:
        'When it ends however much it is used; half an hour unused ends it before. Absent for who calls by a token.',
    }),
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

/** `everywhere`: all sessions of the same admin token. One that is not there is closed. */
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
  summary: 'Closes every session of the admin token that the call came with.',
});
