import {
  examineFlows,
  type FlowCapability,
  type FlowCheck,
  type FlowDefinition,
  type FlowMediaType,
  type FlowProblem,
} from '@sluice/flow-engine';
import { findUnstorableText } from '@sluice/domain';
import { problemsOfTimers } from '../adapters/timer-schedule.croner.js';
import { httpSendersOf } from './flow.record.js';

/** What is to be checked, deployed or imported. */
export interface FlowArtifact {
  readonly mediaType: string;
  readonly content: Uint8Array;
  /** JavaScript by the name of the script it replaces. */
  readonly ports?: Readonly<Record<string, string>> | undefined;
}

/** A flow that was examined, with its definition when nothing is against it. */
export interface ExaminedArtifactFlow {
  readonly check: FlowCheck;
  readonly definition: FlowDefinition | null;
}

export interface ExaminedArtifact {
  readonly flows: readonly ExaminedArtifactFlow[];
  readonly others: readonly { readonly name: string; readonly kind: string }[];
}

/** Tells what is wrong with scripts, without running them. */
export type CheckScripts = (definition: FlowDefinition) => Promise<readonly FlowProblem[]>;

/** A definition is a record of the state stream and an answer of the API: it stays below the bus's largest message (4 MB). */
const maxDefinitionBytes = 3_000_000;
/** Told of one flow. */
const maxProblems = 1_000;

/**
 * Examines every flow of an artifact: what the engine has against it, what the runtime does not offer, what only trying tells. Its cost is whatever
 * the artifact says, so it runs in a worker.
 */
export async function examineArtifact(
  artifact: FlowArtifact,
  name: string,
  capabilities: ReadonlySet<FlowCapability>,
  checkScripts: CheckScripts,
): Promise<ExaminedArtifact> {
  const { flows, others } = examineFlows({
    name,
    mediaType: artifact.mediaType as FlowMediaType,
    content: artifact.content,
    ...(artifact.ports ? { ports: artifact.ports } : {}),
  });
  const examined: ExaminedArtifactFlow[] = [];
  for (const { check, definition } of flows) {
    const problems = problemsOfRuntime(check, definition, capabilities);
    if (definition && problems.length === 0)
      problems.push(...problemsOfTimers(definition), ...(await checkScripts(definition)));
    const told = [...check.problems, ...problems].slice(0, maxProblems);
    examined.push(
      problems.length === 0
        ? { check: { ...check, problems: told }, definition }
        : { check: { ...check, verdict: 'refused', problems: told }, definition: null },
    );
  }
  return { flows: examined, others };
}

function problemsOfRuntime(
  check: FlowCheck,
  definition: FlowDefinition | null,
  capabilities: ReadonlySet<FlowCapability>,
): FlowProblem[] {
  const missing: FlowProblem[] = check.needs
    .filter((need) => !capabilities.has(need))
    .map((need) => ({
      path: '(flow)',
      code: 'unsupported-step',
      message: `The flow needs ${need}, which this runtime does not offer yet.`,
    }));
  return definition ? [...missing, ...problemsOfDefinition(definition, capabilities)] : missing;
}

function problemsOfDefinition(definition: FlowDefinition, capabilities: ReadonlySet<FlowCapability>): FlowProblem[] {
  const problems: FlowProblem[] = [];
  const senders = httpSendersOf(definition);
  const startsOtherwise = definition.senders.some(
    ({ adapter }) =>
      (adapter === 'ProcessDirect' && capabilities.has('processDirect')) ||
      (adapter === 'Timer' && capabilities.has('timer')),
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
