import { Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { FlowDefinition } from '@sluice/flow-engine/model';
import type { ReactElement } from 'react';
import { ApiProblem } from '../../api/admin-api.ts';
import { one } from '../../api/queries.ts';
import { Failure } from '../../design/failure.tsx';
import { FlowPicture } from '../../graph/flow-picture.tsx';
import type { StepRun } from '../../graph/run-of-message.ts';
import type { Entry } from './message.tsx';

/** What the message did, drawn on the graph of its flow, where that is still deployed. */
export default function RunOfMessage({
  entry,
  steps,
}: {
  readonly entry: Entry;
  readonly steps: readonly StepRun[];
}): ReactElement {
  const flow = useQuery({ ...one('getFlow', { id: entry.flow }), retry: false });
  return (
    <Stack gap="xs">
      <Title order={2}>Run</Title>
      {flow.isPending ? (
        <Skeleton height={320} />
      ) : flow.isError ? (
        flow.error instanceof ApiProblem && flow.error.status === 404 ? (
          <Text size="sm" c="dimmed">
            The flow is not deployed any more, so there is no graph. The steps stand below.
          </Text>
        ) : (
          <Failure error={flow.error} retry={() => void flow.refetch()} />
        )
      ) : (
        <>
          {flow.data.deployedAt !== undefined && Date.parse(flow.data.deployedAt) > Date.parse(entry.start) && (
            <Text size="sm" c="dimmed">
              The flow was deployed again since, as version {flow.data.version}: the graph is that of today.
            </Text>
          )}
          {flow.data.definition && (
            <FlowPicture definition={flow.data.definition as unknown as FlowDefinition} ran={steps} />
          )}
        </>
      )}
    </Stack>
  );
}
