import { z } from 'zod';
import { defineOperation } from '../operation/operation.js';
import { defineRequest } from '../request/request-contract.js';
import { byActor, idInPath, page, pageRequest, paging, sha256Hex, timestamp } from '../request/shapes.js';
import { session } from './sessions.js';

/** How long a session of a person holds when nothing is said, and what may be said. Minutes, and hours. */
export const personSessionLimits = {
  idleMinutes: { default: 30, most: 1_440 },
  hours: { default: 12, most: 168 },
} as const;

/** Sessions of one person at a time: the one that was unused longest makes room. */
export const maxPersonSessions = 10;

/** Who a person is by the account of the provider of identities. */
const shown = z.string().max(256).meta({ description: 'Name, as the provider says it.' });

/** What a provider of identities said of who signed in. */
export const signedInPerson = z.object({
  issuer: z.string().min(1).max(512),
  /** Of the account at the issuer, never given to another (OpenID Connect Core §2). */
  subject: z.string().min(1).max(255),
  shown,
  /** Rights of the groups, at the time of the sign-in. */
  roles: z.array(z.string()).min(1),
});
export type SignedInPerson = z.infer<typeof signedInPerson>;

export const person = z
  .object({
    id: z.string().meta({ description: 'Made of issuer and subject: the same account has the same one for good.' }),
    name: z.string().meta({ description: 'How the audit trail names this person.' }),
    shown,
    issuer: z.string(),
    subject: z.string().meta({ description: 'Of the account at the issuer.' }),
    roles: z.array(z.string()).meta({ description: 'Rights that the groups gave at the last sign-in.' }),
    firstSignedInAt: timestamp,
    lastSignedInAt: timestamp,
    sessions: z
      .array(
        z.object({
          openedAt: timestamp,
          lastUsedAt: timestamp.meta({ description: 'To the minute.' }),
          endsAt: timestamp.meta({ description: 'However much it is used.' }),
          roles: z.array(z.string()).meta({ description: 'Its rights: those of its own sign-in.' }),
        }),
      )
      .meta({ description: `Those that have not ended, the newest first; ${maxPersonSessions} at most.` }),
  })
  .meta({ id: 'Person' });
export type PersonView = z.infer<typeof person>;

const tag = 'Administration';

/**
 * Opens a session for a person whom the edge saw signed in by the provider. @remarks What the cookie holds does not cross the bus: its SHA-256
 * does. `session.name` is the name in the audit trail.
 */
export const openPersonSession = defineRequest(
  'authorization',
  'open-person-session',
  z.object({
    person: signedInPerson,
    sessionSha256: sha256Hex,
    idleMs: z
      .number()
      .int()
      .min(1)
      .max(personSessionLimits.idleMinutes.most * 60_000),
    maxMs: z
      .number()
      .int()
      .min(1)
      .max(personSessionLimits.hours.most * 3_600_000),
  }),
  z.object({ session }),
);

export const listPeople = defineOperation('authorization', 'list-people', {
  request: pageRequest,
  response: page(person),
  http: {
    method: 'GET',
    needs: 'Tokens.read',
    path: '/v1/people',
    tag,
    summary: 'Lists people who signed in by the provider of identities, with their sessions.',
    query: paging,
  },
});

export const endPersonSessions = defineOperation('authorization', 'end-person-sessions', {
  request: byActor.extend({ id: idInPath('Id of the person.') }),
  response: z.object({}),
  http: {
    method: 'DELETE',
    needs: 'Tokens.manage',
    path: '/v1/people/{id}/sessions',
    tag,
    summary: 'Signs a person out everywhere: ends all sessions of theirs.',
    errors: ['not-found'],
  },
});
