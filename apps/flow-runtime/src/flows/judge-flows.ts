import type { FlowCapability, FlowCheck, FlowDefinition, FlowProblem, FlowWarning } from '@sluice/flow-engine';
import { SluiceError } from '@sluice/domain';
import type { FlowWorkers } from '../workers/flow-workers.js';
import type { FlowArtifact } from './examine-artifact.js';
import { httpSendersOf } from './flow.record.js';

const mediaTypes: readonly string[] = ['application/yaml', 'application/json', 'application/xml', 'application/zip'];

/** Injects {@link RuntimeOffer}. */
export const RUNTIME_OFFER = Symbol('RUNTIME_OFFER');

/** What this runtime has: ports of the engine, and the user roles there are. */
export interface RuntimeOffer {
  readonly capabilities: ReadonlySet<FlowCapability>;
  roleExists(role: string): boolean;
}

/** Warnings of the engine, and of the runtime. */
export interface DeploymentWarning extends Omit<FlowWarning, 'code'> {
  readonly code: FlowWarning['code'] | 'unknown-role';
}

export interface FlowJudgement extends Omit<FlowCheck, 'warnings'> {
  readonly warnings: readonly DeploymentWarning[];
}

/** A flow that was judged, with its definition when it can be deployed. */
export interface JudgedFlow {
  readonly judgement: FlowJudgement;
  readonly definition: FlowDefinition | null;
}

export interface Judgement {
  readonly flows: readonly JudgedFlow[];
  readonly others: readonly { readonly name: string; readonly kind: string }[];
}

/**
 * Judges every flow of an artifact: what the engine has against it, and what this runtime has. Check, deployment and import
 * all judge by this alone, so none of them accepts what another refuses.
 */
export class JudgeFlows {
  constructor(
    private readonly workers: Pick<FlowWorkers, 'examine'>,
    private readonly offer: RuntimeOffer,
  ) {}

  /**
   * @param name of a flow that has none
   * @throws SluiceError `unsupported-media-type`
   */
  async all(artifact: FlowArtifact, name = 'flow'): Promise<Judgement> {
    if (!mediaTypes.includes(artifact.mediaType)) {
      throw new SluiceError('unsupported-media-type', `A flow is one of ${mediaTypes.join(', ')}.`);
    }
    const examined = await this.workers.examine(artifact, name, this.offer.capabilities);
    if ('failed' in examined) return { flows: [refused(name, '(artifact)', notExamined(examined.failed))], others: [] };
    const flows = examined.flows.map(({ check, definition }) => ({
      judgement: {
        ...check,
        warnings: [...check.warnings, ...(definition ? roleWarnings(definition, this.offer) : [])],
      },
      definition,
    }));
    return { flows, others: examined.others };
  }

  /** The one flow of an artifact; several of them are refused as a whole: a package is imported. */
  async one(artifact: FlowArtifact, name?: string): Promise<JudgedFlow> {
    const { flows, others } = await this.all(artifact, name);
    const [first] = flows;
    if (first && flows.length === 1) return first;
    const found = (first ? flows.map(({ judgement }) => judgement.name) : others.map((other) => other.name)).join(', ');
    return refused(name ?? 'package', '(archive)', {
      path: '(archive)',
      code: 'not-a-flow',
      message: `The archive holds ${flows.length} flows${found === '' ? '' : ` (${found})`}, and one can be deployed here.`,
      nearest: 'import it as a package: POST /v1/flows/import',
    });
  }
}

function notExamined(why: string): FlowProblem {
  return {
    path: '(artifact)',
    code: 'limit-exceeded',
    message: `The artifact could not be examined. ${why}`,
    nearest: 'a smaller flow, or resources of a smaller size',
  };
}

function refused(name: string, path: string, problem: FlowProblem): JudgedFlow {
  const judgement: FlowJudgement = {
    name,
    id: name,
    path,
    verdict: 'refused',
    senders: [],
    receivers: [],
    steps: {},
    needs: [],
    problems: [problem],
    warnings: [],
    scriptsToPort: [],
  };
  return { judgement, definition: null };
}

function roleWarnings(definition: FlowDefinition, offer: RuntimeOffer): DeploymentWarning[] {
  return httpSendersOf(definition).flatMap(({ authorization }) =>
    authorization.type === 'UserRole' && !offer.roleExists(authorization.role)
      ? [
          {
            code: 'unknown-role' as const,
            path: 'sender.authorization.role',
            message: `There is no user role ${authorization.role}: until it is created, every caller is refused.`,
          },
        ]
      : [],
  );
}
