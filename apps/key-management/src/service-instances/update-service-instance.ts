import { stateKey, type GivenInstanceParameters } from '@sluice/contracts';
import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import { PublishedChanges, CLOCK, requireRightsOf } from '@sluice/service-shell';
import { named } from './named-parameters.js';
import { requireRoles, type FindMissingRoles, FIND_MISSING_ROLES } from './require-roles.js';
import { ServiceInstanceRow } from './service-instance.entity.js';
import { findServiceInstance } from './find-service-instance.js';
import { toInstanceRecord } from './service-instance.record.js';
import { serviceInstanceTag } from './service-instance.tag.js';
import { Inject, Injectable } from '@nestjs/common';

/** Changes the name and merges parameters: what is not given stays. */
@Injectable()
export class UpdateServiceInstance {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(FIND_MISSING_ROLES) private readonly findMissingRoles: FindMissingRoles,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `invalid-argument`, `name-in-use`, `precondition-failed`; `permission-denied` for rights that who asks has not */
  async execute(
    request: {
      id: string;
      name?: string | undefined;
      parameters?: GivenInstanceParameters | null | undefined;
      actor: string;
    } & Precondition,
  ) {
    const given = named(request.parameters);
    if (given.roles) {
      requireRightsOf(given.roles, 'This service instance');
      await requireRoles(given.roles, this.findMissingRoles);
    }
    try {
      return await this.changes.commit(async (change) => {
        const row = await findServiceInstance(change.manager, request.id, 'update');
        requirePrecondition(request, serviceInstanceTag(row));
        const updated: ServiceInstanceRow = {
          ...row,
          name: request.name ?? row.name,
          parameters: { ...row.parameters, ...given },
          version: String(await nextRecordVersion(change.manager, stateKey.instance(row.id))),
          updatedAt: new Date(this.now()),
        };
        await change.manager.save(ServiceInstanceRow, updated);
        change.state(toInstanceRecord(updated));
        change.event('service-instance.updated', row.id, {
          actor: request.actor,
          serviceInstance: { id: row.id, name: updated.name, plan: updated.plan, roles: [...updated.parameters.roles] },
        });
        return updated;
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'service_instance_name') {
        throw new SluiceError('name-in-use', `There is a service instance named ${request.name} already.`, undefined, {
          cause: error,
        });
      }
      throw error;
    }
  }
}
