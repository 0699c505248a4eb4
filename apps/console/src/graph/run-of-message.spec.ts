import { expect, it } from '@jest/globals';
import type { FlowDefinition, StepDefinition } from '@sluice/flow-engine/model';
import { graphOfFlow, nodeOfStep } from './graph-of-flow.ts';
import { runOnGraph, type StepRun } from './run-of-message.ts';

const modifier = (id: string, next?: string): StepDefinition => ({
  id,
  name: 'contentModifier',
  type: 'contentModifier',
  headers: [],
  properties: [],
  ...(next === undefined ? {} : { next }),
});

/** first → router → (a → last | last by default); a failure goes to `handle`. */
const definition: FlowDefinition = {
  modelVersion: 1,
  name: 'orders',
  source: 'YAML',
  log: { level: 'TRACE' },
  namespaces: {},
  senders: [{ id: 'sender', name: 'ProcessDirect', adapter: 'ProcessDirect', address: '/orders', process: 'main' }],
  receivers: [],
  resources: {},
  scripts: {},
  processes: [
    {
      id: 'main',
      name: 'orders',
      kind: 'main',
      start: 'first',
      // Not in the order of the path: readers put branches first.
      steps: [
        modifier('a', 'last'),
        modifier('handle'),
        modifier('last'),
        modifier('first', 'router'),
        {
          id: 'router',
          name: 'router',
          type: 'router',
          throwOnNoRoute: false,
          routes: [
            { id: 'r1', name: 'large', condition: { language: 'xpath', expression: '/order > 5' }, next: 'a' },
            { id: 'r2', name: 'otherwise', next: 'last' },
          ],
        },
      ],
      exceptionSubprocess: { id: 'exception', name: 'Exception Subprocess', start: 'handle' },
    },
  ],
};

const step = (id: string) => nodeOfStep('main', id);
const ran = (stepId: string, error?: string): StepRun => ({
  stepId,
  stepName: stepId,
  stepType: 'contentModifier',
  processId: 'main',
  start: 1_000,
  end: 1_002,
  ...(error === undefined ? {} : { error }),
});

const graph = graphOfFlow(definition);
const edgesOf = (steps: readonly StepRun[]) => {
  const { edges } = runOnGraph(graph, steps);
  return graph.edges.filter(({ id }) => edges.has(id)).map(({ from, to }) => [from, to]);
};

it('lists the steps in the order in which a message meets them, those of the exception sub-process apart', () => {
  const below = (sort: string) => {
    const group = graph.groups.find((each) => each.sort === sort)?.id;
    return graph.nodes.filter((node) => node.group === group && node.kind === 'step').map(({ id }) => id);
  };
  expect(below('Integration Process')).toEqual(['first', 'router', 'a', 'last'].map(step));
  expect(below('Exception Subprocess')).toEqual([step('handle')]);
});

it('draws the way that the router took, not the other one, though both lead to steps that ran', () => {
  const edges = edgesOf(['first', 'router', 'a', 'last'].map((id) => ran(id)));
  expect(edges).toContainEqual([step('router'), step('a')]);
  expect(edges).not.toContainEqual([step('router'), step('last')]);
  expect(edgesOf(['first', 'router', 'last'].map((id) => ran(id)))).toContainEqual([step('router'), step('last')]);
});

it('counts how often a step ran and for how long, and keeps the error of one that failed', () => {
  const { nodes } = runOnGraph(graph, [ran('first'), ran('a', 'no'), ran('a')]);
  expect(nodes.get(step('a'))).toEqual({ times: 2, ms: 4, error: 'no' });
  expect(nodes.get(step('last'))).toBeUndefined();
});
