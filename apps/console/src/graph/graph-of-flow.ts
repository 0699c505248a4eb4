import type { FlowDefinition, FlowProcess, StepDefinition } from '@sluice/flow-engine/model';
import { stepName } from '../words/steps.ts';

export interface GraphNode {
  readonly id: string;
  readonly kind: 'sender' | 'start' | 'step' | 'receiver';
  /** What sort of thing it is: `Content Modifier`, `HTTPS`. */
  readonly sort: string;
  readonly name: string;
  /** As the definition has them, without what the graph itself shows. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The process it stands in; channels stand in none. */
  readonly group?: string;
}

/** A process, or the exception sub-process within one. */
export interface GraphGroup {
  readonly id: string;
  readonly name: string;
  readonly sort: 'Integration Process' | 'Local Integration Process' | 'Exception Subprocess';
  readonly within?: string;
}

export interface GraphEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly label?: string;
  /** A `call` leaves the path and comes back to it. */
  readonly kind: 'path' | 'call';
}

/** Channels, steps and paths of a flow; the nodes of each group in the order in which a message meets them. */
export interface FlowGraph {
  readonly groups: readonly GraphGroup[];
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** Step ids are known in their process alone. */
export const nodeOfStep = (processId: string, stepId: string): string => `step ${processId} ${stepId}`;
const groupOf = (processId: string): string => `process ${processId}`;
const startOf = (processId: string): string => `start ${processId}`;
const exceptionOf = (processId: string): string => `exception ${processId}`;
const startOfException = (processId: string): string => `start of exception ${processId}`;
const receiverOf = (id: string): string => `receiver ${id}`;

export function graphOfFlow(definition: FlowDefinition): FlowGraph {
  const parts = definition.processes.map((process) => graphOfProcess(process, definition));
  return {
    groups: parts.flatMap(({ groups }) => groups),
    nodes: [
      ...definition.senders.map(({ id, name, adapter, process: _process, ...settings }): GraphNode => ({
        id: `sender ${id}`,
        kind: 'sender',
        sort: `${adapter} sender`,
        name: 'address' in settings ? settings.address : name,
        settings,
      })),
      ...parts.flatMap(({ nodes }) => nodes),
      ...definition.receivers.map(({ id, name, adapter, ...settings }): GraphNode => ({
        id: receiverOf(id),
        kind: 'receiver',
        sort: `${adapter} receiver`,
        name: 'address' in settings ? settings.address : settings.server || name,
        settings,
      })),
    ],
    edges: [
      ...definition.senders.map(({ id, process }) => pathEdge(`sender ${id}`, startOf(process))),
      ...parts.flatMap(({ edges }) => edges),
    ],
  };
}

function graphOfProcess(process: FlowProcess, definition: FlowDefinition): FlowGraph {
  const { id, name, kind, start, steps, exceptionSubprocess } = process;
  const byId = new Map(steps.map((step) => [step.id, step]));
  const path = reached(start, byId, new Set());
  const handling = reached(exceptionSubprocess?.start, byId, new Set(path));
  const known = new Set([...path, ...handling]);
  const aside = steps.map((step) => step.id).filter((each) => !known.has(each));
  const nodes = (ids: readonly string[], group: string) =>
    ids.map((each) => nodeOf(process, byId.get(each) as StepDefinition, definition, group));
  return {
    groups: [
      {
        id: groupOf(id),
        name,
        sort: kind === 'main' ? 'Integration Process' : 'Local Integration Process',
      },
      ...(exceptionSubprocess
        ? [
            {
              id: exceptionOf(id),
              name: exceptionSubprocess.name,
              sort: 'Exception Subprocess' as const,
              within: groupOf(id),
            },
          ]
        : []),
    ],
    nodes: [
      { id: startOf(id), kind: 'start', sort: 'Start', name: 'Start', settings: {}, group: groupOf(id) },
      ...nodes([...path, ...aside], groupOf(id)),
      ...(exceptionSubprocess
        ? [
            {
              id: startOfException(id),
              kind: 'start' as const,
              sort: 'Error Start',
              name: 'Error Start',
              settings: {},
              group: exceptionOf(id),
            },
            ...nodes(handling, exceptionOf(id)),
          ]
        : []),
    ],
    edges: [
      ...(start === undefined ? [] : [pathEdge(startOf(id), nodeOfStep(id, start))]),
      ...(exceptionSubprocess?.start === undefined
        ? []
        : [pathEdge(startOfException(id), nodeOfStep(id, exceptionSubprocess.start))]),
      ...steps.flatMap((step) => edgesOf(process, step)),
    ],
  };
}

/** Ids of the steps from one on, in the order in which a message meets them: a branch to its end before the next one. */
function reached(start: string | undefined, byId: ReadonlyMap<string, StepDefinition>, seen: Set<string>): string[] {
  const order: string[] = [];
  const ahead = start === undefined ? [] : [start];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    const step = byId.get(id);
    if (step === undefined || seen.has(id)) continue;
    seen.add(id);
    order.push(id);
    ahead.push(
      ...waysFrom(step)
        .map(({ to }) => to)
        .reverse(),
    );
  }
  return order;
}

/** Where a message may go on from a step, within its process. */
export function waysFrom(step: StepDefinition): readonly { readonly to: string; readonly label?: string }[] {
  switch (step.type) {
    case 'router':
      return step.routes.map(({ name, condition, next }) => ({
        to: next,
        label: condition
          ? condition.expression
          : name === '' || name === 'otherwise'
            ? 'otherwise'
            : `${name} (otherwise)`,
      }));
    case 'multicast':
      return step.branches.map(({ name, next }, index) => ({ to: next, label: name || `Branch ${index + 1}` }));
    case 'splitter':
      return step.next === undefined ? [] : [{ to: step.next, label: 'each part' }];
    default:
      return step.next === undefined ? [] : [{ to: step.next }];
  }
}

function edgesOf(process: FlowProcess, step: StepDefinition): GraphEdge[] {
  const from = nodeOfStep(process.id, step.id);
  const ways = waysFrom(step).map(({ to, label }, index) => ({
    ...pathEdge(from, nodeOfStep(process.id, to), index),
    ...(label === undefined ? {} : { label }),
  }));
  const called =
    step.type === 'requestReply' || step.type === 'send'
      ? receiverOf(step.receiver)
      : step.type === 'processCall'
        ? startOf(step.process)
        : undefined;
  if (called === undefined) return ways;
  return [...ways, { id: `${from} calls ${called}`, from, to: called, kind: 'call' }];
}

function pathEdge(from: string, to: string, index = 0): GraphEdge {
  return { id: `${from} to ${to} ${index}`, from, to, kind: 'path' };
}

function nodeOf(process: FlowProcess, step: StepDefinition, definition: FlowDefinition, group: string): GraphNode {
  const { id, name, type, next: _next, ...settings } = step;
  const text = textOf(step, definition);
  return {
    id: nodeOfStep(process.id, id),
    kind: 'step',
    sort: stepName(type),
    name: stepName(name),
    settings: { ...settings, ...(text === undefined ? {} : { text }) },
    group,
  };
}

/** The stylesheet, schema or script that a step names. */
function textOf(step: StepDefinition, { resources, scripts }: FlowDefinition): string | undefined {
  switch (step.type) {
    case 'xslt':
      return resources[step.stylesheet];
    case 'xmlValidation':
    case 'jsonValidation':
      return resources[step.schema];
    case 'script':
      return scripts[step.script]?.source;
    default:
      return undefined;
  }
}
