import ELK, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import { crossWays, orderOfBoxes, type Box, type Direction, type Point } from './cross-ways.ts';
import type { FlowGraph, GraphEdge, GraphNode } from './graph-of-flow.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Way {
  readonly points: readonly Point[];
  /** Where its label stands. */
  readonly label?: Place;
}

/** In pixels. Places are relative to the group around, ways are not. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly places: ReadonlyMap<string, Place>;
  readonly ways: ReadonlyMap<string, Way>;
}

let elk: InstanceType<typeof ELK> | undefined;

/** The program that lays out, in a thread of its own; asked for early, it is there when there is something to lay out. */
export function prepare(): InstanceType<typeof ELK> {
  return (elk ??= new ELK({ workerUrl }));
}

/** Lays a graph out. Each process is laid out by itself: together it takes several times as long. */
export async function layOut(graph: FlowGraph, direction: Direction): Promise<Layout> {
  const groupOf = new Map(graph.nodes.map(({ id, group }) => [id, group]));
  const within = graph.edges.filter(({ from, to }) => groupOf.get(from) === groupOf.get(to));
  const laidOut: ElkNode = await prepare().layout({
    id: 'flow',
    layoutOptions: {
      ...optionsOf(direction),
      'elk.json.edgeCoords': 'ROOT',
      'elk.layered.spacing.nodeNodeBetweenLayers': '52',
      'elk.spacing.nodeNode': '40',
    },
    children: [
      ...graph.nodes.filter(({ group }) => group === undefined).map(boxOf),
      ...groupsWithin(graph, undefined, direction),
    ],
    edges: [
      ...within.map(lineOf),
      ...orderOfBoxes(graph).map(({ from, to }) => ({ id: `order ${from} ${to}`, sources: [from], targets: [to] })),
    ],
  });
  const places = new Map<string, Place>();
  const boxes = new Map<string, Box>();
  const keep = (node: ElkNode, around: Point) => {
    const { id, x = 0, y = 0, width = 0, height = 0, children = [] } = node;
    const at = { x: around.x + x, y: around.y + y };
    places.set(id, { x, y, width, height });
    boxes.set(id, { ...at, width, height });
    for (const child of children) keep(child, at);
  };
  for (const child of laidOut.children ?? []) keep(child, { x: 0, y: 0 });
  besideItsStart(graph, direction, places, boxes);
  const ways = new Map<string, Way>();
  for (const edge of laidOut.edges ?? []) ways.set(edge.id, wayOf(edge));
  for (const [id, points] of crossWays(graph, boxes, direction)) ways.set(id, { points });
  const corners = [...ways.values()].flatMap(({ points }) => points);
  return {
    width: Math.max(laidOut.width ?? 0, ...corners.map(({ x }) => x + 12)),
    height: Math.max(laidOut.height ?? 0, ...corners.map(({ y }) => y + 12)),
    places,
    ways,
  };
}

/** A single sender stands where its process begins, not at the middle of a large one. */
function besideItsStart(
  graph: FlowGraph,
  direction: Direction,
  places: Map<string, Place>,
  boxes: Map<string, Box>,
): void {
  const [sender, ...others] = graph.nodes.filter(({ kind }) => kind === 'sender');
  const start = boxes.get(graph.edges.find(({ from }) => from === sender?.id)?.to ?? '');
  const box = boxes.get(sender?.id ?? '');
  if (!sender || others.length > 0 || !start || !box) return;
  const moved =
    direction === 'RIGHT'
      ? { ...box, y: start.y + (start.height - box.height) / 2 }
      : { ...box, x: start.x + (start.width - box.width) / 2 };
  places.set(sender.id, moved);
  boxes.set(sender.id, moved);
}

const optionsOf = (direction: Direction) => ({
  'elk.algorithm': 'layered',
  'elk.direction': direction,
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.thoroughness': '2',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
});

/** Steps from which on a process goes on in a line below. */
const longProcess = 24;

function groupsWithin(graph: FlowGraph, within: string | undefined, direction: Direction): ElkNode[] {
  return graph.groups
    .filter((group) => group.within === within)
    .map(({ id }) => {
      const nodes = graph.nodes.filter(({ group }) => group === id);
      return {
        id,
        layoutOptions: {
          ...optionsOf(direction),
          'elk.layered.spacing.nodeNodeBetweenLayers': '30',
          'elk.spacing.nodeNode': '20',
          // Room above for its name.
          'elk.padding': '[top=34,left=16,bottom=16,right=16]',
          // Parts without a way between them stand one below the other: the exception sub-process below the steps.
          ...(nodes.length < longProcess || direction === 'DOWN'
            ? { 'elk.aspectRatio': '0.2' }
            : { 'elk.layered.wrapping.strategy': 'MULTI_EDGE', 'elk.aspectRatio': '2' }),
        },
        children: [...nodes.map(boxOf), ...groupsWithin(graph, id, direction)],
      };
    });
}

function boxOf({ id, kind, name }: GraphNode): ElkNode {
  return kind === 'start' ? { id, width: 20 + name.length * 8, height: 28 } : { id, width: 178, height: 50 };
}

/** Longest text beside a line; what is longer is in the settings of the step. */
const labelLength = 30;
export function labelOf({ label }: GraphEdge): string | undefined {
  return label !== undefined && label.length > labelLength ? `${label.slice(0, labelLength - 1)}…` : label;
}

function lineOf(edge: GraphEdge): ElkExtendedEdge {
  const label = labelOf(edge);
  return {
    id: edge.id,
    sources: [edge.from],
    targets: [edge.to],
    ...(label === undefined ? {} : { labels: [{ text: label, width: 10 + label.length * 6.2, height: 16 }] }),
  };
}

function wayOf(edge: ElkExtendedEdge): Way {
  const label = edge.labels?.[0];
  return {
    points: (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) => [
      startPoint,
      ...bendPoints,
      endPoint,
    ]),
    ...(label === undefined
      ? {}
      : { label: { x: label.x ?? 0, y: label.y ?? 0, width: label.width ?? 0, height: label.height ?? 0 } }),
  };
}
