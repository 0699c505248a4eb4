import { Button, Collapse, CopyButton, Group, Skeleton, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { FlowDefinition } from '@sluice/flow-engine/model';
import type { ReactElement } from 'react';
import { Failure } from '../../design/failure.tsx';
import { Lines } from '../../design/lines.tsx';

/** The definition that runs, as YAML. The program that writes YAML is read when somebody wants to see it. */
export function DefinitionText({ definition }: { readonly definition: FlowDefinition }): ReactElement {
  const [opened, { toggle }] = useDisclosure(false);
  const text = useQuery({
    queryKey: ['definition as YAML', definition],
    queryFn: async () => (await import('yaml')).stringify(definition, { lineWidth: 0 }),
    enabled: opened,
    staleTime: Infinity,
    gcTime: 60_000,
  });
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Title order={2}>Definition</Title>
        <Button variant="default" onClick={toggle} aria-expanded={opened}>
          {opened ? 'Hide' : 'Show as YAML'}
        </Button>
        {opened && text.data !== undefined && (
          <CopyButton value={text.data} timeout={1500}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
      <Collapse expanded={opened}>
        {text.isError ? (
          <Failure error={text.error} retry={() => void text.refetch()} />
        ) : text.data === undefined ? (
          <Skeleton height={120} />
        ) : (
          <Lines text={text.data} label="Definition as YAML" />
        )}
      </Collapse>
    </Stack>
  );
}
