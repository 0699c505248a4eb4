import { adminTokenDays, stateWriters } from '@sluice/contracts';
import { allRights, invalidArgument, readTimestamp, SluiceError } from '@sluice/domain';
import { currentRequest } from '@sluice/messaging';
import { violatedUniqueConstraint } from '@sluice/persistence';
import { PublishedChanges, CLOCK, requireRightsOf } from '@sluice/service-shell';
import { AdminTokenRow, storedHash } from './admin-token.entity.js';
import { Inject, Injectable } from '@nestjs/common';

const day = 86_400_000;

/** By which the audit trail names what no administrator did: users of Postgres, and the installation. */
const ofParts: ReadonlySet<string> = new Set([
  ...Object.keys(stateWriters).map((service) => service.replaceAll('-', '_')),
  'postgres',
  'installation',
]);

/** Enters a token by its hash: the token itself is made and known where it is used. */
@Injectable()
export class CreateAdminToken {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `name-in-use`, `invalid-argument`; `permission-denied` for rights that who asks has not */
  async execute(request: {
    name: string;
    tokenSha256: string;
    roles?: readonly string[] | undefined;
    expiresAt?: string | undefined;
    actor: string;
  }): Promise<{ value: AdminTokenRow; propagation: 'published' | 'pending' }> {
    if (ofParts.has(request.name.toLowerCase().replaceAll('-', '_')))
      throw new SluiceError(
        'name-in-use',
        `${request.name} is how the audit trail names a part of this installation: choose another name.`,
      );
    const now = this.now();
    const given = request.roles ?? currentRequest()?.rights ?? [allRights];
    const rights = { roles: [...new Set(given)], expiresAt: endOf(request.expiresAt, now) };
    requireRightsOf(rights.roles, 'This admin token');
    const row: AdminTokenRow = {
      name: request.name,
      sha256: storedHash(request.tokenSha256, rights),
      ...rights,
      lastUsedAt: null,
      expiryAnnouncedAt: null,
      createdBy: request.actor,
      makers: makersBelow(request.actor),
      createdAt: new Date(now),
    };
    try {
      return await this.changes.commit(async ({ manager }) => {
        await manager.insert(AdminTokenRow, row);
        return row;
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'admin_token_name') {
        throw new SluiceError('name-in-use', `There is an admin token named ${request.name} already.`, undefined, {
          cause: error,
        });
      }
      throw error;
    }
  }
}

/** Of a chain that is longer nobody needs to know. */
const maxMakers = 16;

function makersBelow(actor: string): string[] | null {
  const makers = currentRequest()?.makers;
  return makers === undefined || makers.length >= maxMakers ? null : [actor, ...makers];
}

function endOf(given: string | undefined, now: number): Date {
  if (given === undefined) return new Date(now + adminTokenDays.default * day);
  const end = readTimestamp(given) ?? NaN;
  if (end > now && end <= now + adminTokenDays.most * day) return new Date(end);
  throw invalidArgument([
    { field: 'expiresAt', message: `must be a time within the next ${adminTokenDays.most} days` },
  ]);
}
