import type { PersonView } from '@sluice/contracts';
import { personName } from '@sluice/domain';
import type { PersonSessionRow } from './person-session.entity.js';
import type { PersonRow } from './person.entity.js';

/** @param sessions of this person, that have not ended */
export function toPersonView(row: PersonRow, sessions: readonly PersonSessionRow[]): PersonView {
  return {
    id: row.id,
    name: personName(row),
    shown: row.shown,
    issuer: row.issuer,
    subject: row.subject,
    roles: row.roles,
    firstSignedInAt: row.firstSignedInAt.toISOString(),
    lastSignedInAt: row.lastSignedInAt.toISOString(),
    sessions: sessions.map(({ openedAt, lastUsedAt, endsAt, roles }) => ({
      openedAt: openedAt.toISOString(),
      lastUsedAt: lastUsedAt.toISOString(),
      endsAt: endsAt.toISOString(),
      roles,
    })),
  };
}
