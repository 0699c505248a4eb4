import { Alert, Button, FileButton, Group, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { one } from '../../../api/queries.ts';
import { Failure } from '../../../design/failure.tsx';
import { Findings } from '../problems.tsx';
import { checked, deployed, findingsOf, suggestedId, withPorts, type Artifact } from './artifact.ts';
import { CheckedFlow } from './checked-flow.tsx';
import { ImportPackage } from './import-package.tsx';

/** Checks an artifact first, shows everything that is in the way, and deploys it when nothing is. */
export function DeployFlow({
  artifact: given,
  close,
}: {
  readonly artifact: Artifact;
  readonly close: () => void;
}): ReactElement {
  const [artifact, setArtifact] = useState(given);
  const read = useQuery({
    queryKey: ['check', artifact.chosen],
    queryFn: ({ signal }) => checked(artifact, undefined, signal),
    staleTime: Infinity,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
  if (read.isPending) return <Skeleton height={160} role="status" aria-label="It is being checked" />;
  if (read.isError) return <Failure error={read.error} retry={() => void read.refetch()} />;
  const { flows, others } = read.data;
  return (
    <Stack gap="sm">
      {flows.length === 0 && (
        <Alert color="red" title="There is no integration flow in it">
          Choose a flow as YAML or JSON, an .iflw, or a .zip with one.
        </Alert>
      )}
      {flows.length === 1 && (
        <One artifact={artifact} suggestion={suggestedId(artifact, flows)} close={close} key={given.chosen} />
      )}
      {flows.length > 1 && <ImportPackage artifact={artifact} flows={flows} close={close} />}
      {flows.some(({ verdict }) => verdict === 'needs-scripts') && (
        <Group gap="xs">
          <FileButton
            multiple
            accept=".js,.mjs"
            onChange={(files) => void withPorts(artifact, files).then(setArtifact)}
            inputProps={{ 'aria-label': 'Ports of scripts' }}
          >
            {(properties) => (
              <Button variant="default" {...properties}>
                Add ported scripts
              </Button>
            )}
          </FileButton>
          <Text size="xs" c="dimmed">
            JavaScript in files named as the scripts they replace.{' '}
            {artifact.ports.length > 0 && `Added: ${artifact.ports.map(({ name }) => name).join(', ')}.`}
          </Text>
        </Group>
      )}
      {others.length > 0 && (
        <Text size="xs" c="dimmed">
          Also in it, and not deployed: {others.map(({ name, kind }) => `${name} (${kind})`).join(', ')}.
        </Text>
      )}
    </Stack>
  );
}

function One({
  artifact,
  suggestion,
  close,
}: {
  readonly artifact: Artifact;
  readonly suggestion: string;
  readonly close: () => void;
}): ReactElement {
  const [id, setId] = useState(suggestion);
  const [settled] = useDebouncedValue(id, 300);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const check = useQuery({
    queryKey: ['check', artifact.chosen, settled],
    queryFn: ({ signal }) => checked(artifact, settled, signal),
    enabled: settled !== '',
    staleTime: Infinity,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
  const before = useQuery({ ...one('getFlow', { id: settled }), enabled: settled !== '', retry: false });
  const deploying = useMutation({
    mutationFn: () => deployed(artifact, id),
    onSuccess: async ({ version, warnings }) => {
      await queries.invalidateQueries();
      const warned = warnings.length === 0 ? '' : `, with ${warnings.length} warnings`;
      notifications.show({ message: `The flow ${id} is deployed, version ${version}${warned}.` });
      close();
      void navigate({ href: `/flows/${encodeURIComponent(id)}` });
    },
  });
  const flow = check.data?.flows[0];
  const current = id === settled && check.isSuccess && !check.isPlaceholderData;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        deploying.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Id"
          description={
            before.data && before.data.version > 0
              ? `There is a flow with this id: its version ${before.data.version} is replaced.`
              : 'Letters, digits, - and _. It is part of the addresses of the admin API, not of those that senders call.'
          }
          required
          value={id}
          onChange={(event) => setId(event.currentTarget.value)}
          data-autofocus
        />
        {check.isError && <Failure error={check.error} />}
        {flow && <CheckedFlow flow={flow} />}
        {deploying.isError && <Failure error={deploying.error} />}
        <Findings of={findingsOf(deploying.error)} caption="Problems" />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!current || flow?.verdict !== 'supported'} loading={deploying.isPending}>
            {before.data && before.data.version > 0 ? 'Deploy in its place' : 'Deploy'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
