import {
  examineFlows,
  type FlowCapability,
  type FlowCheck,
  type FlowDefinition,
  type FlowMediaType,
  type FlowProblem,
  type FlowWarning,
} from '@sluice/flow-engine';
import { findUnstorableText, SluiceError } from '@sluice/domain';
import { httpSendersOf } from './flow.record.js';

const mediaTypes: readonly string[] = ['application/yaml', 'application/json', 'application/xml', 'application/zip'];

/** What is to be checked, deployed or imported. */
export interface FlowArtifact {
  readonly mediaType: string;
  readonly content: Uint8Array;
  /** JavaScript by the name of the script it replaces. */
  readonly ports?: Readonly<Record<string, string>> | undefined;
}

/** Injects {@link RuntimeOffer}. */
export const RUNTIME_OFFER = Symbol('RUNTIME_OFFER');

/** What this runtime has: ports of the engine, and the user roles there are. */
export interface RuntimeOffer {
  readonly capabilities: ReadonlySet<FlowCapability>;
  roleExists(role: string): boolean;
  /** What only trying tells: scripts that do not compile, schedules that are none. */
  problemsOf?(definition: FlowDefinition): Promise<readonly FlowProblem[]>;
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

/** A definition is a record of the state stream and an answer of the API: it stays below the bus's largest message (4 MB). */
const maxDefinitionBytes = 3_000_000;

/**
 * Judges every flow of an artifact: what the engine has against it, and what this runtime has. Check, deployment and import
 * all judge by this alone, so none of them accepts what another refuses.
 * @throws SluiceError `unsupported-media-type`
 */
export function judgeFlows(artifact: FlowArtifact, offer: RuntimeOffer, name = 'flow'): Judgement {
  if (!mediaTypes.includes(artifact.mediaType)) {
    throw new SluiceError('unsupported-media-type', `A flow is one of ${mediaTypes.join(', ')}.`);
  }
  const { flows, others } = examineFlows({
    name,
    mediaType: artifact.mediaType as FlowMediaType,
    content: artifact.content,
    ...(artifact.ports ? { ports: artifact.ports } : {}),
  });
  return { flows: flows.map(({ check, definition }) => judge(check, definition, offer)), others };
}

/** The one flow of an artifact; several of them are refused as a whole: a package is imported. */
export function judgeFlow(artifact: FlowArtifact, offer: RuntimeOffer, name?: string): JudgedFlow {
  const { flows, others } = judgeFlows(artifact, offer, name);
  const [first] = flows;
  if (first && flows.length === 1) return first;
  const found = (first ? flows.map(({ judgement }) => judgement.name) : others.map((other) => other.name)).join(', ');
  const problem: FlowProblem = {
    path: '(archive)',
    code: 'not-a-flow',
    message: `The archive holds ${flows.length} flows${found === '' ? '' : ` (${found})`}, and one can be deployed here.`,
    nearest: 'import it as a package: POST /v1/flows/import',
  };
  const judgement: FlowJudgement = {
    name: name ?? 'package',
    id: name ?? 'package',
    path: '(archive)',
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

function judge(check: FlowCheck, definition: FlowDefinition | null, offer: RuntimeOffer): JudgedFlow {
  const missing: FlowProblem[] = check.needs
    .filter((need) => !offer.capabilities.has(need))
    .map((need) => ({
      path: '(flow)',
      code: 'unsupported-step',
      message: `The flow needs ${need}, which this runtime does not offer yet.`,
    }));
  if (definition) missing.push(...problemsOfDefinition(definition, offer));
  if (missing.length === 0) {
    const warnings = [...check.warnings, ...(definition ? roleWarnings(definition, offer) : [])];
    return { judgement: { ...check, warnings }, definition };
  }
  return {
    judgement: { ...check, verdict: 'refused', problems: [...check.problems, ...missing] },
    definition: null,
  };
}

function problemsOfDefinition(definition: FlowDefinition, offer: RuntimeOffer): FlowProblem[] {
  const problems: FlowProblem[] = [];
  const senders = httpSendersOf(definition);
  const startsOtherwise = definition.senders.some(
    ({ adapter }) =>
      (adapter === 'ProcessDirect' && offer.capabilities.has('processDirect')) ||
      (adapter === 'Timer' && offer.capabilities.has('timer')),
  );
  if (senders.length === 0 && !startsOtherwise) {
    problems.push({
      path: 'senders',
      code: 'unsupported-adapter',
      message: 'The flow has no sender channel that this runtime can start it by.',
    });
  }
  // The database keeps the definition, and can keep none of these.
  for (const { field, message } of findUnstorableText(definition))
    problems.push({ path: field, code: 'invalid-value', message: `A text of the flow ${message}.` });
  const bytes = Buffer.byteLength(JSON.stringify(definition));
  if (bytes > maxDefinitionBytes) {
    problems.push({
      path: '(flow)',
      code: 'limit-exceeded',
      message: `The flow with its resources has ${bytes} bytes; ${maxDefinitionBytes} are the most that is distributed to the runtimes.`,
      nearest: 'leave out resources that no step uses, or split the flow',
    });
  }
  return problems;
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

/** Judges on by what the runtime has to try out. */
export async function judgeByTrying(judged: JudgedFlow, offer: RuntimeOffer): Promise<JudgedFlow> {
  const { judgement, definition } = judged;
  const problems = (definition && (await offer.problemsOf?.(definition))) ?? [];
  if (problems.length === 0) return judged;
  return {
    judgement: { ...judgement, verdict: 'refused', problems: [...judgement.problems, ...problems] },
    definition: null,
  };
}
