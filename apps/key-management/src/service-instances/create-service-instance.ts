import { stateKey, type GivenInstanceParameters } from '@sluice/contracts';
import { defaultInstanceParameters, SluiceError, type Plan } from '@sluice/domain';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import { PublishedChanges, CLOCK, requireRightsOf } from '@sluice/service-shell';
import { randomUUID } from 'node:crypto';
import { named } from './named-parameters.js';
import { requireRoles, type FindMissingRoles, FIND_MISSING_ROLES } from './require-roles.js';
import { ServiceInstanceRow } from './service-instance.entity.js';
import { toInstanceRecord } from './service-instance.record.js';
import { Inject, Injectable } from '@nestjs/common';

@Injectable()
export class CreateServiceInstance {
  constructor(
    private readonly changes: PublishedChanges,
    @Inject(FIND_MISSING_ROLES) private readonly findMissingRoles: FindMissingRoles,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /**
   * @throws SluiceError `invalid-argument`, `name-in-use`; `permission-denied` for rights that who asks has not; `unavailable` when the
   * roles cannot be looked up
   */
  async execute(request: {
    name: string;
    plan: Plan;
    parameters?: GivenInstanceParameters | null | undefined;
    actor: string;
  }) {
    const { name, plan } = request;
    const parameters = { ...defaultInstanceParameters(plan), ...named(request.parameters) };
    requireRightsOf(parameters.roles, 'This service instance');
    await requireRoles(parameters.roles, this.findMissingRoles);

    const id = randomUUID();
    const now = new Date(this.now());
    try {
      return await this.changes.commit(async (change) => {
        const row: ServiceInstanceRow = {
          id,
          name,
          plan,
          parameters,
          version: String(await nextRecordVersion(change.manager, stateKey.instance(id))),
          createdAt: now,
          updatedAt: now,
        };
        await change.manager.insert(ServiceInstanceRow, row);
        change.state(toInstanceRecord(row));
        change.event('service-instance.created', id, {
          actor: request.actor,
          serviceInstance: { id, name: row.name, plan: row.plan, roles: [...row.parameters.roles] },
        });
        return row;
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'service_instance_name') {
        throw new SluiceError('name-in-use', `There is a service instance named ${name} already.`, undefined, {
          cause: error,
        });
      }
      throw error;
    }
  }
}
