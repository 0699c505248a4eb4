import { listFlows, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/service-shell';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, In } from 'typeorm';
import { flowUrlToken } from '../deploy-flow/deploy-flow.handler.js';
import { FlowPresence } from '../deployed-flows/flow-presence.js';
import { failedDeploymentSchema, flowSchema } from '../persistence/entities.js';
import { toFailedFlowView, toFailure, toFlowView } from '../record/flow-view.js';

@Controller()
export class ListFlowsHandler {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: FlowPresence,
    @Inject(flowUrlToken) private readonly flowUrl: string,
  ) {}

  /** In the order of ids, without their definitions; with those of which no deployment stands. */
  @Handles(listFlows)
  async handle(@Payload() request: DecodedRequestOf<typeof listFlows>): Promise<ResponseOf<typeof listFlows>> {
    const { manager } = this.dataSource;
    const { rows, ...end } = await pageOf(listFlows, request, {
      load: (after, take) =>
        manager.query<{ id: string }[]>(
          `SELECT id FROM (SELECT id FROM flow UNION SELECT flow_id FROM failed_deployment) known
           WHERE $1::text IS NULL OR id > $1 COLLATE "C" ORDER BY id LIMIT $2`,
          [after ?? null, take],
        ),
      position: (row) => row.id,
    });
    const ids = rows.map(({ id }) => id);
    const flows = new Map((await manager.findBy(flowSchema, { id: In(ids) })).map((row) => [row.id, row]));
    const failed = new Map(
      (await manager.findBy(failedDeploymentSchema, { flowId: In(ids) })).map((row) => [row.flowId, row]),
    );
    const items = ids.flatMap((id) => {
      const flow = flows.get(id);
      const failure = failed.get(id);
      if (flow)
        return [
          {
            ...toFlowView(flow, this.flowUrl, this.presence.statusOf(id)),
            ...(failure ? { failure: toFailure(failure) } : {}),
          },
        ];
      return failure ? [toFailedFlowView(failure)] : [];
    });
    return { items, ...end };
  }
}
