import { stateKey } from '@sluice/contracts';
import {
  flowIdViolation,
  invalidArgument,
  requirePrecondition,
  SluiceError,
  toStorableText,
  type Precondition,
} from '@sluice/domain';
import { FlowDefinitionError, type FlowDefinition, type FlowProblem } from '@sluice/flow-engine';
import { nextRecordVersion, violatedUniqueConstraint } from '@sluice/persistence';
import type { ChangeScope, PublishedChanges } from '@sluice/service-shell';
import type { FlowArtifact } from './examine-artifact.js';
import type { DeploymentWarning, FlowJudgement, JudgedFlow, JudgeFlows } from './judge-flows.js';
import { addressesOf, httpSendersOf, toFlowRecord } from './flow.record.js';
import { flowTag } from './flow.tag.js';
import { AddressRow, FailedDeploymentRow, FlowRow } from './flow.entity.js';

export interface DeployRequest extends FlowArtifact, Precondition {
  readonly id: string;
  readonly actor: string;
}

export interface Deployment {
  readonly row: FlowRow;
  /** `unchanged`: what came is what is deployed, so there is no new version and no event. */
  readonly outcome: 'created' | 'updated' | 'unchanged';
  readonly propagation: 'published' | 'pending';
}

export class DeployFlow {
  constructor(
    private readonly changes: PublishedChanges,
    private readonly judge: JudgeFlows,
    private readonly now: () => number,
  ) {}

  /**
   * Deploys the one flow of an artifact. A refusal is kept with its reasons, beside the version that is deployed.
   * @throws SluiceError `invalid-argument`, `unsupported-media-type`, `flow-invalid` with every problem, `address-in-use`,
   * `precondition-failed`
   */
  async execute(request: DeployRequest): Promise<Deployment> {
    requireFlowId(request.id);
    return this.deploy(request.id, await this.judge.one(request, request.id), request.actor, request);
  }

  /**
   * Deploys a flow that was judged.
   * @throws SluiceError `flow-invalid` with every problem, `address-in-use`, `precondition-failed`
   */
  async deploy(id: string, judged: JudgedFlow, actor: string, precondition: Precondition = {}): Promise<Deployment> {
    const { judgement, definition } = judged;
    try {
      if (!definition) throw refusal(judgement);
      return await this.#commit(id, definition, judgement.warnings, actor, precondition);
    } catch (error) {
      if (error instanceof SluiceError && error.code !== 'precondition-failed')
        await this.#keepFailure(id, judgement, actor, error, precondition);
      throw error;
    }
  }

  async #commit(
    id: string,
    definition: FlowDefinition,
    warnings: readonly DeploymentWarning[],
    actor: string,
    precondition: Precondition,
  ): Promise<Deployment> {
    const { value, propagation } = await this.changes.commit(async (change) => {
      const version = String(await nextRecordVersion(change.manager, stateKey.flow(id)));
      const before = await change.manager.findOneBy(FlowRow, { id });
      requirePrecondition(precondition, before ? flowTag(before) : undefined);
      await change.manager.delete(FailedDeploymentRow, { flowId: id });
      // Once, and not in the turn in which it came from a worker and was parsed: it may have three megabytes.
      const written = JSON.stringify(definition);
      const kept = before && (await keepIfSame(change, before, written, warnings));
      if (kept) return { row: kept, outcome: 'unchanged' as const, waiting: await isWaiting(change, id) };
      const row: FlowRow = {
        id,
        name: definition.name,
        definition,
        warnings,
        version,
        deployedAt: new Date(this.now()),
      };
      await change.manager.query(
        `INSERT INTO flow (id, name, definition, warnings, version, deployed_at) VALUES ($1, $2, $3::jsonb, $4::jsonb, $5, $6)
         ON CONFLICT (id) DO UPDATE SET name = $2, definition = $3::jsonb, warnings = $4::jsonb, version = $5, deployed_at = $6`,
        [row.id, row.name, written, JSON.stringify(warnings), version, row.deployedAt],
      );
      await takeAddresses(change, row);
      change.state(toFlowRecord(row));
      change.event('flow.deployed', row.id, { actor, flow: toEventFlow(row) });
      return { row, outcome: before ? ('updated' as const) : ('created' as const), waiting: false };
    });
    const { row, outcome, waiting } = value;
    return { row, outcome, propagation: waiting ? 'pending' : propagation };
  }

  /** A refusal of what was not to be deployed any more is none of the flow's. */
  async #keepFailure(
    id: string,
    judgement: FlowJudgement,
    actor: string,
    error: SluiceError,
    precondition: Precondition,
  ): Promise<void> {
    // Both may quote what was refused because it cannot be stored.
    const [name, message] = [toStorableText(judgement.name), toStorableText(error.message)];
    await this.changes.commit(async (change) => {
      const present = await change.manager.findOne(FlowRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
      requirePrecondition(precondition, present ? flowTag(present) : undefined);
      const problems = (error.details?.['problems'] ?? []) as readonly FlowProblem[];
      await change.manager.query(
        `INSERT INTO failed_deployment (flow_id, name, failed_at, actor, code, error, problems)
         VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)
         ON CONFLICT (flow_id) DO UPDATE SET name = $2, failed_at = $3, actor = $4, code = $5, error = $6, problems = $7::jsonb`,
        [id, name, new Date(this.now()), actor, error.code, message, toStorableJson(problems)],
      );
      const flow = present ? toEventFlow(present) : { id, name, address: '', version: 0 };
      change.event('flow.failed', id, { actor, flow, error: message });
    });
  }
}

/** @throws SluiceError `invalid-argument` */
export function requireFlowId(id: string): void {
  const fault = flowIdViolation(id);
  if (fault) throw invalidArgument([fault]);
}

export function toEventFlow(row: FlowRow) {
  const [sender] = httpSendersOf(row.definition);
  return { id: row.id, name: row.name, address: sender?.address ?? '', version: Number(row.version) };
}

function refusal({ problems, scriptsToPort }: FlowJudgement): SluiceError {
  const { message } = new FlowDefinitionError(problems);
  return new SluiceError('flow-invalid', message, { problems, ...(scriptsToPort.length > 0 ? { scriptsToPort } : {}) });
}

function toStorableJson(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'string' ? toStorableText(each) : each));
}

/**
 * @param written the definition in JSON
 * @returns the row when what is deployed is the same, its warnings brought up to date
 */
async function keepIfSame(
  change: ChangeScope,
  before: FlowRow,
  written: string,
  warnings: readonly DeploymentWarning[],
): Promise<FlowRow | undefined> {
  // jsonb compares values, whatever the order of members.
  const same: unknown[] = await change.manager.query('SELECT 1 FROM flow WHERE id = $1 AND definition = $2::jsonb', [
    before.id,
    written,
  ]);
  if (same.length === 0) return undefined;
  await change.manager.query('UPDATE flow SET warnings = $2::jsonb WHERE id = $1', [
    before.id,
    JSON.stringify(warnings),
  ]);
  return { ...before, warnings };
}

/** Whether an earlier deployment of the flow is not on the bus yet. */
async function isWaiting(change: ChangeScope, id: string): Promise<boolean> {
  const waiting: unknown[] = await change.manager.query(`SELECT 1 FROM outbox WHERE kind = 'state' AND name = $1`, [
    stateKey.flow(id),
  ]);
  return waiting.length > 0;
}

async function takeAddresses(change: ChangeScope, row: FlowRow): Promise<void> {
  await change.manager.delete(AddressRow, { flowId: row.id });
  for (const address of addressesOf(row.definition)) {
    try {
      await change.manager.insert(AddressRow, { address, flowId: row.id });
    } catch (error) {
      if (violatedUniqueConstraint(error) !== 'address_taken') throw error;
      throw new SluiceError(
        'address-in-use',
        `The address ${address} belongs to another flow, so this one does not start: choose another address.`,
        { address },
        { cause: error },
      );
    }
  }
}
