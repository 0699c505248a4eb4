import { importFlows, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { flowUrlToken } from '../deploy-flow/deploy-flow.handler.js';
import { FlowPresence } from '../deployed-flows/flow-presence.js';
import { toFlowView, toProblem, toScriptToPort, toWarning } from '../record/flow-view.js';
import { ImportFlows } from './import-flows.js';

@Controller()
export class ImportFlowsHandler {
  constructor(
    private readonly useCase: ImportFlows,
    private readonly presence: FlowPresence,
    @Inject(flowUrlToken) private readonly flowUrl: string,
  ) {}

  /** Answers when this runtime has started what was deployed. */
  @Handles(importFlows)
  async handle(@Payload() request: DecodedRequestOf<typeof importFlows>): Promise<ResponseOf<typeof importFlows>> {
    const { flows, others } = await this.useCase.execute({
      content: Buffer.from(request.content, 'base64'),
      ports: request.ports,
      actor: request.actor.name,
    });
    const deployments = flows.flatMap(({ deployment }) => (deployment ? [deployment] : []));
    for (const { row, propagation } of deployments) {
      if (propagation === 'published') await this.presence.started(row.id, Number(row.version));
    }
    return {
      items: flows.map(({ deployment, ...flow }) => ({
        id: flow.id,
        name: flow.name,
        path: flow.path,
        outcome: flow.outcome,
        ...(deployment
          ? { flow: toFlowView(deployment.row, this.flowUrl, this.presence.statusOf(deployment.row.id)) }
          : {}),
        ...(flow.error === undefined ? {} : { error: flow.error }),
        warnings: flow.warnings.map(toWarning),
        problems: flow.problems.map(toProblem),
        scriptsToPort: flow.scriptsToPort.map(toScriptToPort),
      })),
      others: [...others],
      propagation: deployments.some(({ propagation }) => propagation === 'pending') ? 'pending' : 'published',
    };
  }
}
