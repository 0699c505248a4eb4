import type { checkFlow, FlowView, ResponseOf } from '@sluice/contracts';
import type { FlowProblem } from '@sluice/flow-engine';
import type { DeploymentWarning, FlowJudgement } from './judge-flows.js';
import { httpSendersOf } from './flow.record.js';
import type { FailedDeploymentRow, FlowRow } from './flow.entity.js';

type FlowCheckView = ResponseOf<typeof checkFlow>['flows'][number];

export interface FlowStatus {
  readonly status: FlowView['status'];
  readonly error?: string;
}

/** @param status how this runtime holds the flow @param full with its definition */
export function toFlowView(row: FlowRow, flowUrl: string, status: FlowStatus, full = false): FlowView {
  return {
    id: row.id,
    name: row.name,
    endpoints: httpSendersOf(row.definition).map(({ id, address, authorization }) => ({
      id,
      address,
      url: `${flowUrl}/http${address}`,
      authorization: { ...authorization },
    })),
    ...status,
    warnings: row.warnings.map(toWarning),
    version: Number(row.version),
    deployedAt: row.deployedAt.toISOString(),
    ...(full ? { definition: { ...row.definition } } : {}),
  };
}

/** A flow of which no deployment stands. */
export function toFailedFlowView(row: FailedDeploymentRow): FlowView {
  return {
    id: row.flowId,
    name: row.name,
    endpoints: [],
    status: 'failed',
    error: row.error,
    failure: toFailure(row),
    warnings: [],
    version: 0,
  };
}

export function toFailure(row: FailedDeploymentRow): NonNullable<FlowView['failure']> {
  const { failedAt, actor, code, error, problems } = row;
  return { at: failedAt.toISOString(), actor, code, error, problems: problems.map(toProblem) };
}

export function toFlowCheck(judgement: FlowJudgement): FlowCheckView {
  return {
    ...judgement,
    senders: [...judgement.senders],
    receivers: [...judgement.receivers],
    needs: [...judgement.needs],
    problems: judgement.problems.map(toProblem),
    warnings: judgement.warnings.map(toWarning),
    scriptsToPort: judgement.scriptsToPort.map(toScriptToPort),
  };
}

export function toProblem({ path, line, code, message, element, nearest }: FlowProblem) {
  return {
    path,
    ...(line === undefined ? {} : { line }),
    code,
    message,
    ...(element === undefined ? {} : { element: { ...element } }),
    ...(nearest === undefined ? {} : { nearest }),
  };
}

export function toWarning({ code, message, path, line, element }: DeploymentWarning) {
  return {
    code,
    message,
    path,
    ...(line === undefined ? {} : { line }),
    ...(element === undefined ? {} : { element: { ...element } }),
  };
}

export function toScriptToPort(script: FlowJudgement['scriptsToPort'][number]): FlowCheckView['scriptsToPort'][number] {
  const { uses } = script;
  return {
    script: script.script,
    functions: [...script.functions],
    steps: script.steps.map((step) => ({ ...step })),
    ported: script.ported,
    uses: uses && {
      imports: [...uses.imports],
      messageApi: [...uses.messageApi],
      features: [...uses.features],
      lines: uses.lines,
    },
  };
}
