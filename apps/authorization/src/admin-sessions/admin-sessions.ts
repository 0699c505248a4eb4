import { sessionTimes, type SessionView } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { CLOCK, ON_FAULT } from '@sluice/service-shell';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, LessThanOrEqual } from 'typeorm';
import { AdminTokenRow } from '../admin-tokens/admin-token.entity.js';
import { AuthenticateAdministrator, type Administrator } from '../admin-tokens/authenticate-administrator.js';
import { AdminSessionRow } from './admin-session.entity.js';

/** How exactly it is known when a session was last used. */
const usedEveryMs = 60_000;
/** Of one token at a time: the oldest makes room. */
const maxSessions = 100;

/**
 * Sessions of the console. One rests on the admin token it was opened with: it has the rights that token has now, and ends with it, after
 * half an hour unused, and at its end in any case.
 */
@Injectable()
export class AdminSessions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly administrators: AuthenticateAdministrator,
    @Inject(CLOCK) private readonly now: () => number,
    @Inject(ON_FAULT) private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  /** @throws SluiceError `unauthenticated` when no such token is good */
  async open(tokenSha256: string, sessionSha256: string): Promise<SessionView> {
    const { name, roles } = await this.administrators.execute(tokenSha256, true);
    const now = this.now();
    const { expiresAt } = await this.dataSource.manager.findOneByOrFail(AdminTokenRow, { name });
    const endsAt = new Date(Math.min(now + sessionTimes.maxMs, expiresAt?.getTime() ?? Number.POSITIVE_INFINITY));
    await this.dataSource.transaction(async (manager) => {
      await manager.delete(AdminSessionRow, { endsAt: LessThanOrEqual(new Date(now)) });
      const others = await manager.find(AdminSessionRow, {
        where: { tokenName: name },
        order: { lastUsedAt: 'DESC' },
        skip: maxSessions - 1,
        take: 1_000,
      });
      for (const { sha256 } of others) await manager.delete(AdminSessionRow, { sha256 });
      const at = new Date(now);
      await manager.insert(AdminSessionRow, {
        sha256: sessionSha256,
        tokenName: name,
        openedAt: at,
        lastUsedAt: at,
        endsAt,
      });
    });
    return { name, roles, expiresAt: endsAt.toISOString() };
  }

  /**
   * Who is signed in by it.
   * @param isUse a page that is merely open is none
   * @throws SluiceError `unauthenticated`
   */
  async find(sessionSha256: string, isUse: boolean): Promise<SessionView & Pick<Administrator, 'makers'>> {
    const { manager } = this.dataSource;
    const session = await manager.findOneBy(AdminSessionRow, { sha256: sessionSha256 });
    const now = this.now();
    if (!session || session.endsAt.getTime() <= now || session.lastUsedAt.getTime() + sessionTimes.idleMs <= now)
      throw ended();
    const token = await manager.findOneBy(AdminTokenRow, { name: session.tokenName });
    if (!token || (token.expiresAt && token.expiresAt.getTime() <= now)) throw ended();
    if (isUse && session.lastUsedAt.getTime() + usedEveryMs <= now)
      // One that is good lets in though this cannot be written.
      await manager
        .update(AdminSessionRow, { sha256: sessionSha256 }, { lastUsedAt: new Date(now) })
        .catch((error: unknown) => this.onFault(error, 'noting the use of a session'));
    const { name, roles, makers } = token;
    return { name, roles, ...(makers ? { makers } : {}), expiresAt: session.endsAt.toISOString() };
  }

  /** @param sessionSha256 absent: all of this administrator */
  async close(name: string, sessionSha256: string | undefined): Promise<void> {
    await this.dataSource.manager.delete(AdminSessionRow, {
      tokenName: name,
      ...(sessionSha256 === undefined ? {} : { sha256: sessionSha256 }),
    });
  }
}

/** `expired`: it was good once, or is that of another installation on the same host, and is no guess. */
function ended(): SluiceError {
  return new SluiceError('unauthenticated', 'The session has ended: sign in again.', { expired: true });
}
