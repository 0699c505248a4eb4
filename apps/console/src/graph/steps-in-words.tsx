import { Badge, NavLink, Text } from '@mantine/core';
import type { ReactElement } from 'react';
import { duration } from '../words/time.ts';
import type { FlowGraph, GraphNode } from './graph-of-flow.ts';
import type { RunOnGraph } from './run-of-message.ts';

interface Properties {
  readonly graph: FlowGraph;
  readonly selected: string | undefined;
  readonly select: (id: string) => void;
  readonly run: RunOnGraph | undefined;
}

/** The same flow for who cannot see the graph: channels, then each process step by step, with where its ways lead. */
export function StepsInWords({ graph, selected, select, run }: Properties): ReactElement {
  const parts: readonly (readonly [title: string, nodes: readonly GraphNode[]])[] = [
    ['Senders', graph.nodes.filter(({ kind }) => kind === 'sender')],
    ...graph.groups.map(
      ({ id, name, sort }) =>
        [
          name === '' || name === sort ? sort : `${sort}: ${name}`,
          graph.nodes.filter(({ group, kind }) => group === id && kind === 'step'),
        ] as const,
    ),
    ['Receivers', graph.nodes.filter(({ kind }) => kind === 'receiver')],
  ];
  const nameOf = new Map(graph.nodes.map(({ id, name }) => [id, name]));
  return (
    <section aria-label="The flow in words">
      {parts
        .filter(([, nodes]) => nodes.length > 0)
        .map(([title, nodes]) => (
          <div key={title}>
            <Text size="xs" c="dimmed" mt={4}>
              {title}
            </Text>
            <ol style={{ listStyle: 'none', margin: 0, padding: 0 }}>
              {nodes.map((node) => (
                <li key={node.id}>
                  <NavLink
                    component="button"
                    py={2}
                    label={node.name}
                    description={wordsAbout(node, graph, nameOf)}
                    styles={{ description: { opacity: 1 } }}
                    active={node.id === selected}
                    aria-pressed={node.id === selected}
                    onClick={() => select(node.id)}
                    rightSection={run && node.kind === 'step' ? <Ran run={run} id={node.id} /> : undefined}
                  />
                </li>
              ))}
            </ol>
          </div>
        ))}
    </section>
  );
}

function Ran({ run, id }: { readonly run: RunOnGraph; readonly id: string }): ReactElement {
  const ran = run.nodes.get(id);
  if (ran === undefined)
    return (
      <Text span size="xs" c="dimmed">
        not run
      </Text>
    );
  return (
    <Badge color={ran.error === undefined ? 'green' : 'red'} size="sm">
      {ran.error === undefined ? duration(ran.ms) : 'failed'}
    </Badge>
  );
}

/** The name of the process that begins at a node. */
function processOf(id: string, { nodes, groups }: FlowGraph): string | undefined {
  const start = nodes.find((node) => node.id === id && node.kind === 'start');
  const group = groups.find((each) => each.id === start?.group);
  return group && `the process ${group.name}`;
}

/** Its sort, and where it leads when that is not just the next one. */
function wordsAbout(node: GraphNode, graph: FlowGraph, nameOf: ReadonlyMap<string, string>): string | undefined {
  const ways = graph.edges.filter(
    ({ from, label, kind }) => from === node.id && (label !== undefined || kind === 'call'),
  );
  const words = [
    ...(node.name === node.sort ? [] : [node.sort]),
    ...ways.map(({ to, label, kind }) => {
      const target = nameOf.get(to) ?? '';
      return kind === 'call' ? `calls ${processOf(to, graph) ?? target}` : `${label}: to ${target}`;
    }),
  ];
  return words.length === 0 ? undefined : words.join('; ');
}
