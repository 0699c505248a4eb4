import { whyBodyIsGathered } from '../compile/why-body-is-gathered.js';
import { checkReceivers } from './check-receivers.js';
import { FlowDefinitionError, type FlowProblem, type FlowWarning } from '../error/flow-errors.js';
import type { FlowDefinition } from '../model/flow-definition.js';
import type { ScriptToPort } from '../reader/iflw/artifact-files.js';
import { type FlowArchive, readArchive } from '../reader/iflw/read-archive.js';
import { type IflwReading, readIflw } from '../reader/iflw/read-iflw.js';
import {
  type FlowDefinitionInput,
  readFlowDefinition,
  singleArtifact,
  withParameters,
} from '../reader/read-flow-definition.js';

/** `needs-scripts`: nothing but ports of scripts is missing. */
export type FlowVerdict = 'supported' | 'needs-scripts' | 'refused';

export type FlowCapability =
  'http' | 'processDirect' | 'mail' | 'dataStore' | 'variables' | 'script' | 'persist' | 'timer';

export interface FlowCheck {
  readonly name: string;
  /** Symbolic name of the artifact, or the name again. */
  readonly id: string;
  readonly path: string;
  readonly verdict: FlowVerdict;
  /** `HTTPS /orders (role ESBMessaging.send)` …; one whose large bodies are passed on as they come ends in `, streams`. */
  readonly senders: readonly string[];
  readonly receivers: readonly string[];
  /** How often each step type occurs. */
  readonly steps: Readonly<Record<string, number>>;
  /** What a runtime must offer to run it. */
  readonly needs: readonly FlowCapability[];
  readonly problems: readonly FlowProblem[];
  readonly warnings: readonly FlowWarning[];
  readonly scriptsToPort: readonly ScriptToPort[];
}

/** A flow that was checked, with its definition when nothing is in its way. */
export interface ExaminedFlow {
  readonly check: FlowCheck;
  readonly definition: FlowDefinition | null;
}

export interface FlowExamination {
  readonly flows: readonly ExaminedFlow[];
  /** Contents of a package that are no flow. */
  readonly others: readonly { readonly name: string; readonly kind: string }[];
}

export interface FlowCheckReport {
  readonly input: string;
  readonly flows: readonly FlowCheck[];
  /** Contents of a package that are no flow. */
  readonly others: readonly { readonly name: string; readonly kind: string }[];
}

export interface FlowCheckInput extends FlowDefinitionInput {
  /** Name the report is about, such as a file name. */
  readonly name: string;
}

/** Tells of each flow in the input whether it can be deployed, and if not, everything that is in the way. Never throws. */
export function checkFlow(input: FlowCheckInput): FlowCheckReport {
  const { flows, others } = examineFlows(input);
  return { input: input.name, flows: flows.map(({ check }) => check), others };
}

/** Checks as {@link checkFlow} does, and gives the definitions of those that can be deployed. Never throws. */
export function examineFlows(input: FlowCheckInput): FlowExamination {
  try {
    if (input.mediaType === 'application/xml') {
      const artifact = singleArtifact(input, input.name.replace(/^.*\//, '').replace(/\.iflw$/, ''));
      return { flows: [examineArtifact(artifact, input, [])], others: [] };
    }
    if (input.mediaType === 'application/zip') {
      const archive = readArchive(input.content);
      if (archive.artifacts.length > 0)
        return {
          flows: archive.artifacts.map((artifact) =>
            examineArtifact(withParameters(artifact, input.parameters), input, archive.collections),
          ),
          others: archive.others,
        };
    }
    const { definition, warnings } = readFlowDefinition(input);
    const told = [...warnings, ...checkReceivers(definition)];
    const check = describe(definition, definition.name, definition.name, input.name, [], told, []);
    return { flows: [{ check, definition }], others: [] };
  } catch (error) {
    return { flows: [{ check: refused(input.name, problemsOf(error)), definition: null }], others: [] };
  }
}

function problemsOf(error: unknown): readonly FlowProblem[] {
  if (error instanceof FlowDefinitionError) return error.problems;
  return [{ path: '(document)', code: 'syntax', message: error instanceof Error ? error.message : String(error) }];
}

function examineArtifact(
  artifact: FlowArchive['artifacts'][number],
  input: FlowCheckInput,
  collections: FlowArchive['collections'],
): ExaminedFlow {
  const reading: IflwReading = readIflw(artifact, portsOf(artifact.symbolicName, input.ports ?? {}), collections);
  if (reading.definition === null) {
    const check = { ...refused(artifact.name, reading.problems), id: artifact.symbolicName, path: artifact.path };
    return { check, definition: null };
  }
  const check = describe(
    reading.definition,
    artifact.name,
    artifact.symbolicName,
    artifact.path,
    reading.problems,
    [...reading.warnings, ...checkReceivers(reading.definition)],
    reading.scriptsToPort,
  );
  return { check, definition: check.verdict === 'supported' ? reading.definition : null };
}

/** Scripts of several flows may have one name; a port named `<id of the artifact>/<script>` is that artifact's alone. */
function portsOf(artifactId: string, ports: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const prefix = `${artifactId}/`;
  const own = Object.entries(ports).filter(([name]) => name.startsWith(prefix));
  return own.length === 0
    ? ports
    : { ...ports, ...Object.fromEntries(own.map(([name, source]) => [name.slice(prefix.length), source])) };
}

function refused(name: string, problems: readonly FlowProblem[]): FlowCheck {
  return {
    name,
    id: name,
    path: name,
    verdict: 'refused',
    senders: [],
    receivers: [],
    steps: {},
    needs: [],
    problems,
    warnings: [],
    scriptsToPort: [],
  };
}

function describe(
  definition: FlowDefinition,
  name: string,
  id: string,
  path: string,
  problems: readonly FlowProblem[],
  warnings: readonly FlowWarning[],
  scriptsToPort: readonly ScriptToPort[],
): FlowCheck {
  const steps: Record<string, number> = {};
  const refusedIds = new Set(problems.map((problem) => problem.element?.id));
  for (const process of definition.processes)
    for (const step of process.steps) if (!refusedIds.has(step.id)) steps[step.type] = (steps[step.type] ?? 0) + 1;
  const verdict =
    problems.length === 0
      ? 'supported'
      : problems.every(({ code }) => code === 'script-port-required')
        ? 'needs-scripts'
        : 'refused';
  return {
    name,
    id,
    path,
    verdict,
    senders: definition.senders.map((sender) => describeSender(sender, definition)),
    receivers: definition.receivers.filter((receiver) => !refusedIds.has(receiver.id)).map(describeReceiver),
    steps,
    needs: needsOf(definition, refusedIds),
    problems,
    warnings,
    scriptsToPort,
  };
}

function describeSender(sender: FlowDefinition['senders'][number], definition: FlowDefinition): string {
  if (sender.adapter === 'Timer')
    return sender.schedule.kind === 'once'
      ? 'Timer, once'
      : `Timer, ${sender.schedule.expression} (${sender.schedule.timeZone})`;
  if (sender.adapter === 'ProcessDirect') return `ProcessDirect ${sender.address}`;
  const who = sender.authorization.type === 'UserRole' ? `role ${sender.authorization.role}` : 'client certificate';
  const streams = whyBodyIsGathered(definition, sender) === null ? ', streams' : '';
  return `${sender.adapter} ${sender.address} (${who})${streams}`;
}

function describeReceiver(receiver: FlowDefinition['receivers'][number]): string {
  return receiver.adapter === 'Mail' ? `Mail ${receiver.server}` : `${receiver.adapter} ${receiver.address}`;
}

/** What a runtime must offer to run a flow, so that it can refuse one it has no port for. */
export function needsOf(
  definition: FlowDefinition,
  refusedIds: ReadonlySet<string | undefined> = new Set(),
): FlowCapability[] {
  const needs = new Set<FlowCapability>();
  if (definition.senders.some(({ adapter }) => adapter === 'Timer')) needs.add('timer');
  for (const receiver of definition.receivers) {
    if (refusedIds.has(receiver.id)) continue;
    if (receiver.adapter === 'HTTP' || receiver.adapter === 'SOAP') needs.add('http');
    else needs.add(receiver.adapter === 'Mail' ? 'mail' : 'processDirect');
  }
  for (const process of definition.processes)
    for (const step of process.steps) {
      if (step.type.startsWith('dataStore')) needs.add('dataStore');
      else if (step.type === 'script') needs.add('script');
      else if (step.type === 'persist') needs.add('persist');
      else if (step.type === 'writeVariables') needs.add('variables');
      else if (step.type === 'contentModifier')
        for (const { source } of [...step.headers, ...step.properties])
          if (source === 'localVariable' || source === 'globalVariable' || source === 'numberRange')
            needs.add('variables');
    }
  return [...needs].sort();
}
