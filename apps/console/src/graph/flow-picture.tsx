import { Box, Grid, Paper, ScrollArea, Skeleton, Stack, Text, Title } from '@mantine/core';
import { lazy, Suspense, useMemo, useState, type ReactElement } from 'react';
import type { FlowDefinition } from '@sluice/flow-engine/model';
import { graphOfFlow } from './graph-of-flow.ts';
import { runOnGraph, type StepRun } from './run-of-message.ts';
import { StepsInWords } from './steps-in-words.tsx';

// The library that draws is read beside the flow, not after it; the one that writes YAML when something is chosen.
const drawing = () => import('./flow-graph.tsx');
const FlowGraph = lazy(drawing);
const Settings = lazy(() => import('./settings.tsx'));

void drawing();

/** A flow as a graph, beside it the same in words; what is chosen in one shows its settings below. */
export function FlowPicture({
  definition,
  ran,
}: {
  readonly definition: FlowDefinition;
  /** The steps of one message, drawn on it. */
  readonly ran?: readonly StepRun[];
}): ReactElement {
  const graph = useMemo(() => graphOfFlow(definition), [definition]);
  const run = useMemo(() => (ran ? runOnGraph(graph, ran) : undefined), [graph, ran]);
  const [selected, select] = useState<string>();
  const chosen = graph.nodes.find(({ id }) => id === selected);
  return (
    <Stack gap="xs">
      <Grid gap="xs">
        <Grid.Col span={{ base: 12, md: 9 }}>
          <Suspense fallback={<Skeleton height={460} />}>
            <FlowGraph graph={graph} selected={selected} select={select} run={run} />
          </Suspense>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 3 }}>
          <ScrollArea.Autosize mah={460} type="auto">
            <StepsInWords graph={graph} selected={selected} select={select} run={run} />
          </ScrollArea.Autosize>
        </Grid.Col>
      </Grid>
      <Box aria-live="polite">
        {chosen ? (
          <Paper withBorder p="sm">
            <Title order={3}>{chosen.name}</Title>
            <Suspense fallback={<Skeleton height={80} />}>
              <Settings node={chosen} ran={run?.nodes.get(chosen.id)} />
            </Suspense>
          </Paper>
        ) : (
          <Text size="xs" c="dimmed">
            Choose a step or a channel to see its settings: with a click, or with Tab and Enter.
          </Text>
        )}
      </Box>
    </Stack>
  );
}
