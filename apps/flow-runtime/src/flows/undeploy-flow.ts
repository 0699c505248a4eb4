import { stateKey } from '@sluice/contracts';
import { requirePrecondition, SluiceError, type Precondition } from '@sluice/domain';
import { nextRecordVersion } from '@sluice/persistence';
import { PublishedChanges } from '@sluice/service-shell';
import { toEventFlow } from './deploy-flow.js';
import { toFlowRecord } from './flow.record.js';
import { flowTag } from './flow.tag.js';
import { FailedDeploymentRow, FlowRow } from './flow.entity.js';
import { Injectable } from '@nestjs/common';

@Injectable()
export class UndeployFlow {
  constructor(private readonly changes: PublishedChanges) {}

  /** Also forgets a refused deployment. @throws SluiceError `not-found`, `precondition-failed` */
  execute(request: { id: string; actor: string } & Precondition) {
    return this.changes.commit(async (change) => {
      const version = await nextRecordVersion(change.manager, stateKey.flow(request.id));
      const row = await change.manager.findOneBy(FlowRow, { id: request.id });
      const { affected } = await change.manager.delete(FailedDeploymentRow, { flowId: request.id });
      if (!row && !affected) throw new SluiceError('not-found', `There is no flow ${request.id}.`);
      requirePrecondition(request, row ? flowTag(row) : undefined);
      if (!row) return;
      await change.manager.delete(FlowRow, { id: row.id });
      change.state({ ...toFlowRecord(row), version, deleted: true });
      change.event('flow.undeployed', row.id, { actor: request.actor, flow: toEventFlow(row) });
    });
  }
}
