import { Accordion, Alert, Button, Group, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { Failure } from '../../../design/failure.tsx';
import { InternalLink } from '../../../design/internal-link.tsx';
import { Status } from '../../../design/status.tsx';
import { Findings } from '../problems.tsx';
import { imported, type Artifact, type FlowCheck } from './artifact.ts';
import { CheckedFlow } from './checked-flow.tsx';

const words: Readonly<Record<FlowCheck['verdict'], string>> = {
  supported: 'good',
  'needs-scripts': 'warning',
  refused: 'bad',
};

/** A package of flows: each is deployed for itself, under the id its artifact has. */
export function ImportPackage({
  artifact,
  flows,
  close,
}: {
  readonly artifact: Artifact;
  readonly flows: readonly FlowCheck[];
  readonly close: () => void;
}): ReactElement {
  const queries = useQueryClient();
  const importing = useMutation({
    mutationFn: () => imported(artifact),
    onSuccess: () => queries.invalidateQueries(),
  });
  const possible = flows.filter(({ verdict }) => verdict === 'supported').length;
  if (importing.isSuccess)
    return (
      <Stack gap="sm">
        <Accordion variant="separated">
          {importing.data.items.map(({ id, name, outcome, error, problems, warnings }) => (
            <Accordion.Item key={id} value={id}>
              <Accordion.Control>
                {name}: <Status of={outcome === 'refused' ? 'denied' : outcome} />
              </Accordion.Control>
              <Accordion.Panel>
                {outcome !== 'refused' && <InternalLink to={`/flows/${encodeURIComponent(id)}`}>{id}</InternalLink>}
                {error}
                <Findings of={problems} caption="Problems" />
                <Findings of={warnings} caption="Warnings" />
              </Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
        <Group justify="flex-end">
          <Button onClick={close}>Done</Button>
        </Group>
      </Stack>
    );
  return (
    <Stack gap="sm">
      <Alert color={possible === flows.length ? 'green' : 'yellow'} title={`A package of ${flows.length} flows`}>
        {possible === flows.length
          ? 'Nothing is in the way. Each is deployed under its own id.'
          : `${possible} of ${flows.length} can be deployed, each under its own id. The others stay out; open them to see what is in the way.`}
      </Alert>
      <Accordion variant="separated">
        {flows.map((flow) => (
          <Accordion.Item key={flow.path} value={flow.path}>
            <Accordion.Control>
              {flow.name} <Status of={words[flow.verdict]} />
            </Accordion.Control>
            <Accordion.Panel>
              <CheckedFlow flow={flow} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      {importing.isError && <Failure error={importing.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button disabled={possible === 0} loading={importing.isPending} onClick={() => importing.mutate()}>
          Deploy {possible} of {flows.length}
        </Button>
      </Group>
    </Stack>
  );
}
