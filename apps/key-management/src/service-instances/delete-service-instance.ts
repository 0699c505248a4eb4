import { stateKey } from '@sluice/contracts';
import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import { CLOCK, contentTag, type ChangeScope } from '@sluice/service-shell';
import { FourEyes, type Eyes } from '../proposals/four-eyes.js';
import { endServiceKey } from '../service-keys/end-service-key.js';
import { ServiceInstanceRow } from './service-instance.entity.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { findServiceInstance } from './find-service-instance.js';
import { toInstanceRecord } from './service-instance.record.js';
import { serviceInstanceTag } from './service-instance.tag.js';
import { Inject, Injectable } from '@nestjs/common';

interface Deletion extends Precondition {
  readonly id: string;
  readonly force: boolean;
  readonly actor: string;
}

/** Ends an instance's access. One that has keys is deleted only by force, and then its keys go first. */
@Injectable()
export class DeleteServiceInstance {
  constructor(
    private readonly fourEyes: FourEyes,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** @throws SluiceError `not-found`, `service-instance-in-use` with the keys, `precondition-failed`, `approval-required` */
  execute(request: Deletion) {
    return this.fourEyes.commit((change, eyes) => this.within(change, request, eyes));
  }

  /** The same in a change that is under way. */
  async within(change: ChangeScope, request: Deletion, eyes: Eyes): Promise<void> {
    const row = await findServiceInstance(change.manager, request.id, 'update');
    requirePrecondition(request, serviceInstanceTag(row));
    const keys = await change.manager.find(ServiceKeyRow, {
      where: { serviceInstanceId: row.id },
      lock: { mode: 'pessimistic_write' },
    });
    if (keys.length > 0 && !request.force) {
      throw new SluiceError(
        'service-instance-in-use',
        `The service instance ${row.name} has ${keys.length} service key${keys.length === 1 ? '' : 's'}: delete them first, or delete the instance by force.`,
        { serviceKeys: keys.map(({ id, name }) => ({ id, name })) },
      );
    }
    if (keys.length > 0)
      eyes.require({
        operation: 'deleteServiceInstance',
        subject: row.id,
        name: row.name,
        tag: contentTag([serviceInstanceTag(row), keys.map(({ id }) => id).toSorted()]),
        parameters: { force: true },
      });
    for (const key of keys) await endServiceKey(change, key, request.actor, this.now());
    const version = await nextRecordVersion(change.manager, stateKey.instance(row.id));
    await change.manager.delete(ServiceInstanceRow, { id: row.id });
    change.state({ ...toInstanceRecord(row), version, deleted: true });
    change.event('service-instance.deleted', row.id, {
      actor: request.actor,
      serviceInstance: { id: row.id, name: row.name, plan: row.plan, roles: [...row.parameters.roles] },
    });
  }
}
