import { BaseEdge, EdgeLabelRenderer, Handle, Position, type EdgeProps, type NodeProps } from '@xyflow/react';
import type { ReactElement } from 'react';
import { duration } from '../words/time.ts';
import type { GraphEdge, GraphNode } from './graph-of-flow.ts';
import type { Place } from './lay-out.ts';
import type { NodeRun } from './run-of-message.ts';

interface PartData {
  readonly node: GraphNode;
  readonly ran: NodeRun | undefined;
  /** Whether a run is drawn. */
  readonly asked: boolean;
}

export function ChannelOrStep({ data }: NodeProps): ReactElement {
  const { node, ran, asked } = data as unknown as PartData;
  const state = !asked || node.kind !== 'step' ? '' : ran === undefined ? 'not-run' : ran.error ? 'failed' : 'ran';
  return (
    <div className={`flow-part ${node.kind} ${state}`}>
      <Ends />
      {node.kind === 'start' ? (
        node.name
      ) : (
        <>
          <span className="flow-part-name" title={node.name}>
            {node.name}
          </span>
          <span className="flow-part-sort">
            {asked && node.kind === 'step' ? <Ran ran={ran} /> : node.name === node.sort ? '' : ` ${node.sort}`}
          </span>
        </>
      )}
    </div>
  );
}

function Ran({ ran }: { readonly ran: NodeRun | undefined }): ReactElement {
  if (ran === undefined) return <> did not run</>;
  return (
    <>
      {ran.error === undefined ? ' ✓ ran ' : ' ✗ failed '}
      {ran.times > 1 ? `${ran.times} times, ` : ''}
      {duration(ran.ms)}
    </>
  );
}

export function Group({ data }: NodeProps): ReactElement {
  return (
    <div className="flow-group">
      <span>{(data as { name: string }).name}</span>
      <Ends />
    </div>
  );
}

/** Lines have their places from the layout; these tell the library that there are any. */
function Ends(): ReactElement {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

interface WayData {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly at?: Place;
  readonly label?: string;
  readonly kind: GraphEdge['kind'];
  readonly taken?: boolean;
}

/** A line along the corners that the layout gave it, its label where the layout left room. */
export function Way({ id, data }: EdgeProps): ReactElement | null {
  const { points, at, label, kind, taken } = data as unknown as WayData;
  const end = points.at(-1);
  const before = points.at(-2);
  if (!end || !before) return null;
  const name = `flow-way ${kind} ${taken ? 'taken' : ''}`;
  return (
    <>
      <BaseEdge id={id} path={pathThrough(points)} className={name} interactionWidth={0} />
      <path className={`${name} tip`} d={tipAt(end, before)} />
      {label !== undefined && at && (
        <EdgeLabelRenderer>
          <div
            className="flow-way-label"
            style={{ transform: `translate(${at.x}px, ${at.y}px)`, width: at.width, height: at.height }}
          >
            {label}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

const bend = 6;

function pathThrough(points: WayData['points']): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      if (!before) return `M${point.x},${point.y}`;
      if (!after) return `L${point.x},${point.y}`;
      const [into, out] = [towards(point, before), towards(point, after)];
      return `L${into.x},${into.y}Q${point.x},${point.y} ${out.x},${out.y}`;
    })
    .join('');
}

/** The point a little way from one to another, at most half of it. */
function towards(from: { x: number; y: number }, to: { x: number; y: number }): { x: number; y: number } {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const part = Math.min(bend, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function tipAt(end: { x: number; y: number }, before: { x: number; y: number }): string {
  const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
  // Drawn at the origin it points right; each number is rotated here, for a path has no transform in this library's edges.
  const [sin, cos] = [Math.sin((angle * Math.PI) / 180), Math.cos((angle * Math.PI) / 180)];
  const at = (x: number, y: number) => `${end.x + x * cos - y * sin},${end.y + x * sin + y * cos}`;
  return `M${at(0, 0)}L${at(-7, -4)}L${at(-7, 4)}Z`;
}
