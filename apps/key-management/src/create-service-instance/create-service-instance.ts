import { stateKey } from '@sluice/contracts';
import {
  defaultInstanceParameters,
  entityNameViolation,
  invalidArgument,
  mergeInstanceParameters,
  planViolation,
  SluiceError,
  type Plan,
} from '@sluice/domain';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import type { PublishedChanges } from '@sluice/service-shell';
import { randomUUID } from 'node:crypto';
import { serviceInstanceSchema, type ServiceInstanceRow } from '../persistence/entities.js';
import { toInstanceRecord } from '../record/state-record.js';
import { requireRoles, type FindMissingRoles } from './require-roles.js';

export class CreateServiceInstance {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly findMissingRoles: FindMissingRoles,
    private readonly now: () => number,
  ) {}

  /** @throws SluiceError `invalid-argument`, `name-in-use`; `unavailable` when the roles cannot be looked up */
  async execute(request: { name?: unknown; plan?: unknown; parameters?: unknown; actor: string }) {
    const plan = request.plan ?? 'integration-flow';
    const faults = [entityNameViolation(request.name) ?? [], planViolation(plan) ?? []].flat();
    if (planViolation(plan)) throw invalidArgument(faults);
    const merged = mergeInstanceParameters(defaultInstanceParameters(plan as Plan), request.parameters);
    if ('violations' in merged) throw invalidArgument([...faults, ...merged.violations]);
    if (faults.length > 0) throw invalidArgument(faults);
    await requireRoles(merged.parameters.roles, this.findMissingRoles);

    const id = randomUUID();
    const now = new Date(this.now());
    try {
      return await this.changes.commit(async (change) => {
        const row: ServiceInstanceRow = {
          id,
          name: request.name as string,
          plan: plan as Plan,
          parameters: merged.parameters,
          version: String(await nextRecordVersion(change.manager, stateKey.instance(id))),
          createdAt: now,
          updatedAt: now,
        };
        await change.manager.insert(serviceInstanceSchema, row);
        change.state(toInstanceRecord(row));
        change.event('service-instance.created', id, {
          actor: request.actor,
          serviceInstance: { id, name: row.name, plan: row.plan, roles: [...row.parameters.roles] },
        });
        return row;
      });
    } catch (error) {
      if (violatedUniqueConstraint(error) === 'service_instance_name') {
        throw new SluiceError(
          'name-in-use',
          `There is a service instance named ${request.name as string} already.`,
          undefined,
          { cause: error },
        );
      }
      throw error;
    }
  }
}
