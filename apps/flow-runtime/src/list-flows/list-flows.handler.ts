import { listFlows, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { pageOf } from '@sluice/persistence';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource, MoreThan } from 'typeorm';
import { flowUrlToken } from '../deploy-flow/deploy-flow.handler.js';
import { FlowPresence } from '../deployed-flows/flow-presence.js';
import { flowSchema } from '../persistence/entities.js';
import { toFlowView } from '../record/flow-view.js';

@Controller()
export class ListFlowsHandler {
  constructor(
    private readonly dataSource: DataSource,
    private readonly presence: FlowPresence,
    @Inject(flowUrlToken) private readonly flowUrl: string,
  ) {}

  /** In the order of ids, without their definitions. */
  @Handles(listFlows)
  async handle(@Payload() { limit, after }: DecodedRequestOf<typeof listFlows>): Promise<ResponseOf<typeof listFlows>> {
    const { rows, next } = await pageOf(
      limit,
      (take) =>
        this.dataSource.manager.find(flowSchema, {
          ...(after === undefined ? {} : { where: { id: MoreThan(after) } }),
          order: { id: 'ASC' },
          take,
        }),
      (row) => row.id,
    );
    const items = rows.map((row) => toFlowView(row, this.flowUrl, this.presence.statusOf(row.id)));
    return { items, ...(next === undefined ? {} : { next }) };
  }
}
