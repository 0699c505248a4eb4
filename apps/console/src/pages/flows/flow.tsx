import { Alert, Button, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { FlowDefinition } from '@sluice/flow-engine/model';
import type { ReactElement } from 'react';
import { call, type Answer } from '../../api/admin-api.ts';
import { one } from '../../api/queries.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Failure } from '../../design/failure.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { FlowPicture } from '../../graph/flow-picture.tsx';
import { DefinitionText } from './definition-text.tsx';
import { Endpoints } from './endpoints.tsx';
import { Findings } from './problems.tsx';

type FlowView = Answer<'getFlow'>;

export function Flow(): ReactElement {
  const { id } = useParams({ strict: false }) as { id: string };
  const flow = useQuery({ ...one('getFlow', { id }), refetchInterval: 5_000 });
  const session = useQuery(sessionQuery).data;
  const [undeploying, undeploy] = useDisclosure(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  if (flow.isPending) return <Skeleton height={320} />;
  if (flow.isError && !flow.data) return <Failure error={flow.error} retry={() => void flow.refetch()} />;
  const shown = flow.data;
  const definition = shown.definition as unknown as FlowDefinition | undefined;
  const inAddress = encodeURIComponent(id);
  return (
    <Page
      title={shown.name}
      about="Integration flow"
      actions={
        may(session, 'Flows.deploy') && (
          <Button variant="default" onClick={undeploy.open}>
            Undeploy
          </Button>
        )
      }
    >
      {flow.isError && <Failure error={flow.error} retry={() => void flow.refetch()} />}
      {shown.error !== undefined && (
        <Alert color="red" title="It does not run" style={{ overflowWrap: 'anywhere' }}>
          {shown.error}
        </Alert>
      )}
      {shown.failure && <LastFailure failure={shown.failure} version={shown.version} />}
      <Facts
        of={[
          ['Status', <Status key="status" of={shown.status} />],
          ['Id', <Copyable key="id" text={shown.id} />],
          ['Version', shown.version === 0 ? undefined : String(shown.version)],
          ['Deployed', shown.deployedAt && <Time key="at" at={shown.deployedAt} exact />],
          ['Log level', definition?.log.level],
          [
            'Messages',
            <InternalLink key="messages" to={`/messages?flow=${inAddress}`}>
              Messages of this flow
            </InternalLink>,
          ],
          [
            'Refused calls',
            <InternalLink key="decisions" to={`/decisions?flow=${inAddress}`}>
              Decisions about it
            </InternalLink>,
          ],
        ]}
      />
      <Runtimes of={shown.runtimes ?? []} />
      {shown.endpoints.length > 0 && <Endpoints of={shown.endpoints} />}
      {shown.warnings.length > 0 && (
        <Stack gap={4}>
          <Title order={2}>Warnings</Title>
          <Findings of={shown.warnings} caption="Warnings" />
        </Stack>
      )}
      {definition && (
        <>
          <Stack gap="xs">
            <Title order={2}>Graph</Title>
            <FlowPicture definition={definition} />
          </Stack>
          <DefinitionText definition={definition} />
        </>
      )}
      <Confirm
        opened={undeploying}
        close={undeploy.close}
        title={`Undeploy ${shown.name}?`}
        consequence="Its addresses answer 404 from then on, and its timers end. Messages that are being worked on are finished. Its entries in the message processing log stay."
        action="Undeploy"
        run={() => call('undeployFlow', { id })}
        done={() => {
          void navigate({ href: '/flows' });
          queries.removeQueries({ queryKey: ['getFlow'] });
          void queries.invalidateQueries({ queryKey: ['listFlows'] });
          notifications.show({ message: `The flow ${id} is undeployed.` });
        }}
      />
    </Page>
  );
}

function LastFailure({
  failure,
  version,
}: {
  readonly failure: NonNullable<FlowView['failure']>;
  readonly version: number;
}): ReactElement {
  return (
    <Alert color="red" title="Its last deployment was refused" style={{ overflowWrap: 'anywhere' }}>
      <Text size="sm">
        <Time at={failure.at} exact />, by {failure.actor}: {failure.error}{' '}
        {version > 0 && `Version ${version} goes on.`}
      </Text>
      <Findings of={failure.problems} caption="Problems" />
    </Alert>
  );
}

function Runtimes({ of }: { readonly of: NonNullable<FlowView['runtimes']> }): ReactElement | null {
  if (of.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={2}>Runtimes</Title>
      <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label="Runtimes">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Runtime</Table.Th>
              <Table.Th>Status</Table.Th>
              <Table.Th ta="right">Version</Table.Th>
              <Table.Th>Error</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {of.map(({ name, status, version, error }) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>
                  <Status of={status} />
                </Table.Td>
                <Table.Td ta="right">{version ?? '–'}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{error ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
