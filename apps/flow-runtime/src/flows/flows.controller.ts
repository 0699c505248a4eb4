import {
  deployFlow,
  type DecodedRequestOf,
  type ResponseOf,
  checkFlow,
  importFlows,
  getFlow,
  listFlows,
  undeployFlow,
  listFlowsAskingRole,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller, Inject } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import {
  toFlowView,
  toFlowCheck,
  toProblem,
  toScriptToPort,
  toWarning,
  toFailedFlowView,
  toFailure,
} from './flow.view.js';
import { flowTag } from './flow.tag.js';
import { FlowPresence } from './flow-presence.js';
import { DeployFlow } from './deploy-flow.js';
import { CheckFlow } from './check-flow.js';
import { FLOW_URL } from './flow-url.js';
import { ImportFlows } from './import-flows.js';
import { readTimestamp, SluiceError } from '@sluice/domain';
import { DataSource, In } from 'typeorm';
import { ReportRuntime } from './report-runtime.js';
import { FailedDeploymentRow, FlowRow } from './flow.entity.js';
import { CLOCK, pageOf } from '@sluice/service-shell';
import { CountMessages } from '../messages/count-messages.js';
import { UndeployFlow } from './undeploy-flow.js';

const dayMs = 86_400_000;

@Controller()
export class FlowsController {
  constructor(
    private readonly deployFlow: DeployFlow,
    private readonly flowPresence: FlowPresence,
    @Inject(FLOW_URL) private readonly flowUrl: string,
    private readonly checkFlow: CheckFlow,
    private readonly importFlows: ImportFlows,
    private readonly dataSource: DataSource,
    private readonly reportRuntime: ReportRuntime,
    private readonly undeployFlow: UndeployFlow,
    private readonly countMessages: CountMessages,
    @Inject(CLOCK) private readonly now: () => number,
  ) {}

  /** Answers when this runtime has started the flow, so that a call right after the answer finds it. */
  @Handles(deployFlow)
  async deploy(@Payload() request: DecodedRequestOf<typeof deployFlow>): Promise<ResponseOf<typeof deployFlow>> {
    const { row, outcome, propagation } = await this.deployFlow.execute({
      id: request.id,
      mediaType: request.mediaType,
      content: Buffer.from(request.content, 'base64'),
      ports: request.ports,
      actor: request.actor.name,
      ifMatch: request.ifMatch,
      ifNoneMatch: request.ifNoneMatch,
    });
    if (propagation === 'published') await this.flowPresence.started(row.id, Number(row.version));
    return {
      flow: toFlowView(row, this.flowUrl, this.flowPresence.statusOf(row.id), true),
      created: outcome === 'created',
      etag: flowTag(row),
      propagation,
    };
  }

  @Handles(checkFlow)
  async check(@Payload() request: DecodedRequestOf<typeof checkFlow>): Promise<ResponseOf<typeof checkFlow>> {
    const { flows, others } = await this.checkFlow.execute(
      { mediaType: request.mediaType, content: Buffer.from(request.content, 'base64'), ports: request.ports },
      request.id,
    );
    return { flows: flows.map(toFlowCheck), others: [...others] };
  }

  /** Answers when this runtime has started what was deployed. */
  @Handles(importFlows)
  async import(@Payload() request: DecodedRequestOf<typeof importFlows>): Promise<ResponseOf<typeof importFlows>> {
    const { flows, others } = await this.importFlows.execute({
      content: Buffer.from(request.content, 'base64'),
      ports: request.ports,
      actor: request.actor.name,
    });
    const deployments = flows.flatMap(({ deployment }) => (deployment ? [deployment] : []));
    for (const { row, propagation } of deployments) {
      if (propagation === 'published') await this.flowPresence.started(row.id, Number(row.version));
    }
    return {
      items: flows.map(({ deployment, ...flow }) => ({
        id: flow.id,
        name: flow.name,
        path: flow.path,
        outcome: flow.outcome,
        ...(deployment
          ? { flow: toFlowView(deployment.row, this.flowUrl, this.flowPresence.statusOf(deployment.row.id)) }
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

  @Handles(getFlow)
  async get(@Payload() { id }: DecodedRequestOf<typeof getFlow>): Promise<ResponseOf<typeof getFlow>> {
    const { manager } = this.dataSource;
    const row = await manager.findOneBy(FlowRow, { id });
    const failed = await manager.findOneBy(FailedDeploymentRow, { flowId: id });
    if (!row) {
      if (!failed) throw new SluiceError('not-found', `There is no flow ${id}.`);
      return toFailedFlowView(failed);
    }
    return {
      ...toFlowView(row, this.flowUrl, this.flowPresence.statusOf(id), true),
      ...(failed ? { failure: toFailure(failed) } : {}),
      runtimes: await this.reportRuntime.holdersOf(id, Number(row.version)),
      etag: flowTag(row),
    };
  }

  /** In the order of ids, without their definitions; with those of which no deployment stands. */
  @Handles(listFlows)
  async list(@Payload() request: DecodedRequestOf<typeof listFlows>): Promise<ResponseOf<typeof listFlows>> {
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
    const flows = new Map((await manager.findBy(FlowRow, { id: In(ids) })).map((row) => [row.id, row]));
    const failed = new Map(
      (await manager.findBy(FailedDeploymentRow, { flowId: In(ids) })).map((row) => [row.flowId, row]),
    );
    const { messagesSince } = request;
    const since = messagesSince === undefined ? this.now() - dayMs : (readTimestamp(messagesSince) as number);
    const messagesOf = await this.countMessages.execute(ids, since);
    const items = ids.flatMap((id) => {
      const messages = messagesOf(id);
      const flow = flows.get(id);
      const failure = failed.get(id);
      if (flow)
        return [
          {
            ...toFlowView(flow, this.flowUrl, this.flowPresence.statusOf(id)),
            ...(failure ? { failure: toFailure(failure) } : {}),
            messages,
          },
        ];
      return failure ? [{ ...toFailedFlowView(failure), messages }] : [];
    });
    return { items, ...end };
  }

  @Handles(undeployFlow)
  async undeploy(
    @Payload() { id, actor, ifMatch }: DecodedRequestOf<typeof undeployFlow>,
  ): Promise<ResponseOf<typeof undeployFlow>> {
    const { propagation } = await this.undeployFlow.execute({ id, ifMatch, actor: actor.name });
    if (propagation === 'published') await this.flowPresence.gone(id);
    return { propagation };
  }

  @Handles(listFlowsAskingRole)
  async listAskingRole(
    @Payload() { role }: DecodedRequestOf<typeof listFlowsAskingRole>,
  ): Promise<ResponseOf<typeof listFlowsAskingRole>> {
    const rows = await this.dataSource.manager
      .createQueryBuilder(FlowRow, 'flow')
      .where(`flow.definition @> :sender::jsonb`, {
        sender: JSON.stringify({ senders: [{ authorization: { type: 'UserRole', role } }] }),
      })
      .orderBy('flow.id')
      .limit(1_000)
      .getMany();
    return { flows: rows.map(({ id, name }) => ({ id, name })) };
  }
}
