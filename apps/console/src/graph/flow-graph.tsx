import '@xyflow/react/dist/style.css';
import './flow-graph.css';
import { Skeleton, useComputedColorScheme } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Background, Controls, ReactFlow, type Edge, type Node, type ReactFlowInstance } from '@xyflow/react';
import { useCallback, useMemo, useRef, type ReactElement } from 'react';
import { Failure } from '../design/failure.tsx';
import { ChannelOrStep, Group, Way } from './graph-parts.tsx';
import type { FlowGraph as Graph, GraphEdge } from './graph-of-flow.ts';
import { labelOf, layOut, prepare, type Layout } from './lay-out.ts';
import type { RunOnGraph } from './run-of-message.ts';

export interface FlowGraphProperties {
  readonly graph: Graph;
  readonly selected: string | undefined;
  readonly select: (id: string | undefined) => void;
  /** Drawn on it: what one message did. */
  readonly run?: RunOnGraph | undefined;
}

prepare();

const nodeTypes = { part: ChannelOrStep, process: Group };
const edgeTypes = { way: Way };

/** A flow as a picture: its channels, the steps of its processes, and the ways between them. */
export default function FlowGraph({ graph, selected, select, run }: FlowGraphProperties): ReactElement {
  const narrow = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const dark = useComputedColorScheme('light') === 'dark';
  const direction = narrow ? 'DOWN' : 'RIGHT';
  const layout = useQuery({
    queryKey: ['layout of a flow', graph, direction],
    queryFn: () => layOut(graph, direction),
    staleTime: Infinity,
    gcTime: 60_000,
  });
  const frame = useRef<HTMLDivElement>(null);
  const nodes = useMemo(
    () => (layout.data ? nodesOf(graph, layout.data, selected, run) : []),
    [graph, layout.data, selected, run],
  );
  const edges = useMemo(() => (layout.data ? edgesOf(graph, layout.data, run) : []), [graph, layout.data, run]);
  const show = useCallback(
    (drawn: ReactFlowInstance<Node, Edge>) => {
      if (layout.data && frame.current) void drawn.setViewport(firstView(layout.data, frame.current));
    },
    [layout.data],
  );
  if (layout.isPending) return <Skeleton height={220} role="status" aria-label="The graph is being laid out" />;
  if (layout.isError) return <Failure error={layout.error} retry={() => void layout.refetch()} />;
  return (
    <div
      className="flow-graph"
      style={{ height: heightOf(layout.data) }}
      ref={frame}
      data-laid-out={graph.nodes.length}
    >
      <ReactFlow
        key={`${direction} ${layout.data.width} ${layout.data.height}`}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        colorMode={dark ? 'dark' : 'light'}
        onInit={show}
        onNodesChange={(changes) => {
          for (const change of changes) if (change.type === 'select' && change.selected) select(change.id);
        }}
        onPaneClick={() => select(undefined)}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        deleteKeyCode={null}
        minZoom={0.05}
        maxZoom={1.6}
        // The wheel scrolls the page, as everywhere on it; with Ctrl it makes the graph larger.
        zoomOnScroll={false}
        preventScrolling={false}
        aria-label="Graph of the flow"
      >
        <Background gap={18} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

/** Null is what leaves the name out, though the type knows nothing of it. */
const unnamed = { ariaLabel: null } as unknown as Pick<Edge, 'ariaLabel'>;

const heightOfGraph = 460;
const smallestReadable = 0.6;

function heightOf({ height }: Layout): number {
  return Math.min(Math.max(height * 0.75 + 48, 220), heightOfGraph);
}

/** All of it where that can be read; else its beginning. */
function firstView({ width, height }: Layout, frame: HTMLElement): { x: number; y: number; zoom: number } {
  const { clientWidth, clientHeight } = frame;
  const fitting = Math.min((clientWidth - 24) / width, (clientHeight - 24) / height, 1);
  const zoom = Math.max(fitting, smallestReadable);
  const middle = (room: number, taken: number) => Math.max((room - taken * zoom) / 2, 12);
  return { x: middle(clientWidth, width), y: middle(clientHeight, height), zoom };
}

function nodesOf(graph: Graph, { places }: Layout, selected: string | undefined, run: RunOnGraph | undefined): Node[] {
  const placed = (id: string) => {
    const { x, y, width, height } = places.get(id) ?? { x: 0, y: 0, width: 0, height: 0 };
    return { id, position: { x, y }, width, height };
  };
  return [
    ...graph.groups.map(({ id, name, sort, within }): Node => ({
      ...placed(id),
      type: 'process',
      data: { name: name === '' || name === sort ? sort : `${sort}: ${name}` },
      focusable: false,
      selectable: false,
      ...(within === undefined ? {} : { parentId: within }),
    })),
    ...graph.nodes.map((node): Node => {
      const ran = run?.nodes.get(node.id);
      return {
        ...placed(node.id),
        type: 'part',
        data: { node, ran, asked: run !== undefined },
        selected: node.id === selected,
        ariaRole: 'button',
        domAttributes: { 'aria-roledescription': undefined, 'aria-pressed': node.id === selected },
        ...(node.kind === 'start'
          ? { focusable: false, selectable: false, ariaRole: 'presentation' as const, domAttributes: {} }
          : {}),
        ...(node.group === undefined ? {} : { parentId: node.group }),
      };
    }),
  ];
}

function edgesOf(graph: Graph, { ways }: Layout, run: RunOnGraph | undefined): Edge[] {
  return graph.edges.map((edge: GraphEdge): Edge => {
    const way = ways.get(edge.id);
    const label = labelOf(edge);
    return {
      id: edge.id,
      source: edge.from,
      target: edge.to,
      type: 'way',
      data: { points: way?.points ?? [], at: way?.label, label, kind: edge.kind, taken: run?.edges.has(edge.id) },
      selectable: false,
      ariaRole: 'presentation',
      ...unnamed,
      // Lines stand above the boxes of the processes, below those of the steps.
      zIndex: 0,
    };
  });
}
