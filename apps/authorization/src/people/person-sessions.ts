import { maxPersonSessions, type SessionView, type SignedInPerson } from '@sluice/contracts';
import { isRight, personName, SluiceError } from '@sluice/domain';
import { currentRequest } from '@sluice/messaging';
import { CLOCK, ON_FAULT, PublishedChanges } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, In, LessThanOrEqual, type EntityManager } from 'typeorm';
import { personIdFor } from './person-id.js';
import { hasEnded, PersonSessionRow } from './person-session.entity.js';
import { PersonRow } from './person.entity.js';

/** How exactly it is known when a session was last used. */
const usedEveryMs = 60_000;

/** A session of a person, and whose it is. */
export type OpenedSession = SessionView & { readonly person: { readonly id: string; readonly shown: string } };

/**
 * Sessions of people. One has the rights that the groups gave when it was opened, and ends after its time unused, at its end in any case, or when it is
 * closed. What changes at the provider shows at the next sign-in.
 */
@Injectable()
export class PersonSessions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** @throws SluiceError `invalid-argument` for roles that are no rights */
  async open(request: {
    readonly person: SignedInPerson;
    readonly sessionSha256: string;
    readonly idleMs: number;
    readonly maxMs: number;
  }): Promise<OpenedSession> {
    const { issuer, subject, shown } = request.person;
    const roles = [...new Set(request.person.roles)];
    if (!roles.every(isRight)) throw new SluiceError('invalid-argument', 'The roles of a person must be rights.');
    const id = personIdFor(issuer, subject);
    const at = new Date(this.now());
    const endsAt = new Date(at.getTime() + request.maxMs);
    const name = personName({ id, shown });
    // Whoever signs in does it, and stands so in the audit trail.
    const current = currentRequest();
    if (current) current.actor = name;
    await this.changes.commit(async ({ manager }) => {
      // By issuer and subject: of two accounts with one id the second is refused, not taken for the first.
      await manager.query(
        `INSERT INTO person (id, issuer, subject, shown, roles, first_signed_in_at, last_signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
         ON CONFLICT (issuer, subject) DO UPDATE SET shown = EXCLUDED.shown, roles = EXCLUDED.roles, last_signed_in_at = EXCLUDED.last_signed_in_at`,
        [id, issuer, subject, shown, roles, at],
      );
      await makeRoom(manager, id, at);
      await manager.insert(PersonSessionRow, {
        sha256: request.sessionSha256,
        personId: id,
        roles,
        openedAt: at,
        lastUsedAt: at,
        idleMs: request.idleMs,
        endsAt,
      });
    });
    return { name, roles, expiresAt: endsAt.toISOString(), person: { id, shown } };
  }

  /**
   * Who is signed in by it; undefined where no session of a person is good.
   * @param isUse a page that is merely open is none
   */
  async find(
    sessionSha256: string,
    isUse: boolean,
  ): Promise<(OpenedSession & { readonly makers: string[] }) | undefined> {
    const { manager } = this.dataSource;
    const session = await manager.findOneBy(PersonSessionRow, { sha256: sessionSha256 });
    const now = this.now();
    if (!session || hasEnded(session, now)) return undefined;
    const person = await manager.findOneBy(PersonRow, { id: session.personId });
    if (!person) return undefined;
    if (isUse && session.lastUsedAt.getTime() + Math.min(usedEveryMs, session.idleMs / 2) <= now)
      // One that is good lets in though this cannot be written.
      await manager
        .update(PersonSessionRow, { sha256: sessionSha256 }, { lastUsedAt: new Date(now) })
        .catch((error: unknown) => this.onFault(error, 'noting the use of a session'));
    const { id, shown } = person;
    return {
      name: personName(person),
      roles: session.roles,
      // Nobody's making: the provider knows who it is.
      makers: [],
      expiresAt: session.endsAt.toISOString(),
      person: { id, shown },
    };
  }

  /** @param sessionSha256 absent: all of this person */
  async close(personId: string, sessionSha256: string | undefined): Promise<void> {
    await this.dataSource.manager.delete(PersonSessionRow, {
      personId,
      ...(sessionSha256 === undefined ? {} : { sha256: sessionSha256 }),
    });
  }

  /** Those of these people that have not ended, the newest first, by person. */
  async of(personIds: readonly string[]): Promise<ReadonlyMap<string, readonly PersonSessionRow[]>> {
    const rows = await this.dataSource.manager.find(PersonSessionRow, {
      where: { personId: In([...personIds]) },
      order: { openedAt: 'DESC' },
    });
    const now = this.now();
    return Map.groupBy(
      rows.filter((row) => !hasEnded(row, now)),
      ({ personId }) => personId,
    );
  }
}

/** What has ended goes, and of one person's the one that was unused longest. */
async function makeRoom(manager: EntityManager, personId: string, at: Date): Promise<void> {
  await manager.delete(PersonSessionRow, { endsAt: LessThanOrEqual(at) });
  const others = await manager.find(PersonSessionRow, {
    where: { personId },
    order: { lastUsedAt: 'DESC', openedAt: 'DESC' },
    skip: maxPersonSessions - 1,
    take: 1_000,
  });
  for (const { sha256 } of others) await manager.delete(PersonSessionRow, { sha256 });
}
