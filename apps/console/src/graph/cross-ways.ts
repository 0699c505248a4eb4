import type { FlowGraph } from './graph-of-flow.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** In pixels of the whole graph. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

export type Direction = 'RIGHT' | 'DOWN';

const lane = 6;

/**
 * The ways that leave a process: from a sender to its start, from a step to a receiver or to another process. They run beside the process, so that
 * each process can be laid out by itself.
 */
export function crossWays(
  graph: FlowGraph,
  boxes: ReadonlyMap<string, Box>,
  direction: Direction,
): Map<string, readonly Point[]> {
  // Where the graph runs down, it is the same picture with x and y changed over.
  const turned = direction === 'DOWN';
  const boxOf = (id: string | undefined): Box | undefined => {
    const box = id === undefined ? undefined : boxes.get(id);
    return box && turned ? { x: box.y, y: box.x, width: box.height, height: box.width } : box;
  };
  const groupOf = new Map(graph.nodes.map(({ id, group }) => [id, group]));
  const outermost = (id: string): string | undefined => {
    const group = groupOf.get(id);
    return graph.groups.find((each) => each.id === group)?.within ?? group;
  };
  const ways = new Map<string, readonly Point[]>();
  const lanes = new Map<string, number>();
  for (const { id, from, to } of graph.edges) {
    if (groupOf.get(from) === groupOf.get(to)) continue;
    const [source, target] = [boxOf(from), boxOf(to)];
    if (!source || !target) continue;
    const end = { x: target.x, y: target.y + target.height / 2 };
    const before = (boxOf(outermost(to)) ?? target).x - 14;
    const around = boxOf(outermost(from));
    const points: Point[] = [];
    if (around === undefined) {
      const begin = { x: source.x + source.width, y: source.y + source.height / 2 };
      points.push(
        begin,
        ...(begin.y === end.y
          ? []
          : [
              { x: before, y: begin.y },
              { x: before, y: end.y },
            ]),
        end,
      );
    } else {
      const number = lanes.get(outermost(from) ?? '') ?? 0;
      lanes.set(outermost(from) ?? '', number + 1);
      const beside = around.y + around.height + 10 + number * lane;
      const begin = { x: source.x + source.width / 2, y: source.y + source.height };
      points.push(begin, { x: begin.x, y: beside }, { x: before - number * lane, y: beside });
      points.push({ x: before - number * lane, y: end.y }, end);
    }
    ways.set(id, turned ? points.map(({ x, y }) => ({ x: y, y: x })) : points);
  }
  return ways;
}

/** Between which boxes of the outermost level there is such a way: they are to stand in this order. */
export function orderOfBoxes(graph: FlowGraph): readonly { readonly from: string; readonly to: string }[] {
  const outer = new Map(graph.groups.map(({ id, within }) => [id, within ?? id]));
  const boxOf = new Map(graph.nodes.map(({ id, group }) => [id, group === undefined ? id : (outer.get(group) ?? id)]));
  const order = new Map<string, { from: string; to: string }>();
  for (const edge of graph.edges) {
    const [from, to] = [boxOf.get(edge.from), boxOf.get(edge.to)];
    if (from !== undefined && to !== undefined && from !== to) order.set(`${from} ${to}`, { from, to });
  }
  return [...order.values()];
}
