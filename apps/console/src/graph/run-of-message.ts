import { stepNames } from '../words/steps.ts';
import { nodeOfStep, type FlowGraph } from './graph-of-flow.ts';

/** A step that ran, as an entry of the message processing log has it. Times are milliseconds since 1970. */
export interface StepRun {
  readonly stepId: string;
  readonly stepName: string;
  readonly stepType: string;
  readonly processId: string;
  readonly start: number;
  readonly end: number;
  readonly error?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly payload?: string;
  readonly payloadTruncated?: boolean;
}

export interface NodeRun {
  readonly times: number;
  readonly ms: number;
  readonly error?: string;
}

/** What a message did in its flow: by node, and the edges it took. */
export interface RunOnGraph {
  readonly nodes: ReadonlyMap<string, NodeRun>;
  readonly edges: ReadonlySet<string>;
}

export function runOnGraph(graph: FlowGraph, steps: readonly StepRun[]): RunOnGraph {
  const order = steps.map(({ processId, stepId }) => nodeOfStep(processId, stepId));
  const nodes = new Map<string, NodeRun>();
  steps.forEach(({ start, end, error }, index) => {
    const id = order[index] as string;
    const before = nodes.get(id);
    const failure = error ?? before?.error;
    nodes.set(id, {
      times: (before?.times ?? 0) + 1,
      ms: (before?.ms ?? 0) + end - start,
      ...(failure === undefined ? {} : { error: failure }),
    });
  });
  return { nodes, edges: edgesTaken(graph, order, nodes) };
}

/** A router goes one way each time: to the step among its ways that ran next. Elsewhere a way was taken when both its ends ran. */
function edgesTaken(
  graph: FlowGraph,
  order: readonly string[],
  ran: ReadonlyMap<string, NodeRun>,
): ReadonlySet<string> {
  const taken = new Set<string>();
  const ways = Map.groupBy(
    graph.edges.filter(({ kind }) => kind === 'path'),
    ({ from }) => from,
  );
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const [from, edges] of ways) {
    if (nodes.get(from)?.sort !== stepNames.router) {
      const begun = ran.has(from) || nodes.get(from)?.kind === 'start';
      for (const { id, to } of edges) if (begun && ran.has(to)) taken.add(id);
      continue;
    }
    order.forEach((each, index) => {
      if (each !== from) return;
      const next = order.slice(index + 1).find((later) => edges.some(({ to }) => to === later));
      const edge = edges.find(({ to }) => to === next);
      if (edge) taken.add(edge.id);
    });
  }
  for (const { id, from, kind } of graph.edges) if (kind === 'call' && ran.has(from)) taken.add(id);
  return taken;
}
