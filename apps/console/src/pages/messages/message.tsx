import { Alert, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense, type ReactElement } from 'react';
import type { Answer } from '../../api/admin-api.ts';
import { one } from '../../api/queries.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Failure } from '../../design/failure.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import type { StepRun } from '../../graph/run-of-message.ts';
import { stepName } from '../../words/steps.ts';
import { lasted } from '../../words/time.ts';
import { Attachments } from './attachments.tsx';
import { StepsOfMessage } from './steps-of-message.tsx';

/** Read where there is a run to draw. */
const RunOfMessage = lazy(() => import('./run-of-message.tsx'));

export type Entry = Answer<'getMessageProcessingLog'>;

/** One entry of the message processing log: what came, what was done to it, and where it failed. */
export function Message(): ReactElement {
  const { id } = useParams({ strict: false }) as { id: string };
  const message = useQuery({
    ...one('getMessageProcessingLog', { id }),
    refetchInterval: ({ state }) => (isOpen(state.data) ? 2_000 : false),
  });
  if (message.isPending) return <Skeleton height={320} />;
  if (message.isError && !message.data) return <Failure error={message.error} retry={() => void message.refetch()} />;
  const entry = message.data;
  const steps = (entry.steps ?? []) as unknown as readonly StepRun[];
  return (
    <Page title={`Message of ${entry.flow}`} about="Entry of the message processing log">
      {entry.error !== undefined && (
        <Alert color={entry.status === 'ESCALATED' ? 'yellow' : 'red'} title={titleOf(steps)}>
          <Text size="sm" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {entry.error}
          </Text>
        </Alert>
      )}
      <Facts
        of={[
          ['Status', <Status key="status" of={entry.status} />],
          ['Id', <Copyable key="id" text={entry.id} />],
          ['Correlation id', <Correlation key="correlation" of={entry} />],
          [
            'Flow',
            <InternalLink key="flow" to={`/flows/${encodeURIComponent(entry.flow)}`}>
              {entry.flow}
            </InternalLink>,
          ],
          ['Started', <Time key="start" at={entry.start} exact />],
          ['Ended', entry.end && <Time key="end" at={entry.end} exact />],
          ['Took', lasted(entry.start, entry.end)],
          [
            'Sender',
            entry.sender && (
              <InternalLink key="sender" to={`/messages?sender=${encodeURIComponent(entry.sender)}`}>
                {entry.sender}
              </InternalLink>
            ),
          ],
          ['Receiver', entry.receiver],
          ['Message type', entry.messageType],
          ['Application id', entry.applicationId],
          ['Log level', entry.logLevel],
        ]}
      />
      {entry.customHeaders && (
        <Stack gap={4}>
          <Title order={2}>Custom headers</Title>
          <Facts of={Object.entries(entry.customHeaders)} />
        </Stack>
      )}
      {entry.payloadsDropped && (
        <Alert color="yellow" title="Not all of it was kept">
          Payloads or attachments were left out: they were too large, or there was no room for them in the log.
        </Alert>
      )}
      <Attachments of={entry} />
      <Log of={entry.log} steps={steps} />
      {steps.length > 0 ? (
        <>
          <Suspense fallback={<Skeleton height={320} />}>
            <RunOfMessage entry={entry} steps={steps} />
          </Suspense>
          <StepsOfMessage steps={steps} dropped={entry.stepsDropped ?? 0} />
        </>
      ) : (
        <Text size="sm" c="dimmed">
          Its steps were not recorded: that is done at the log level DEBUG, and with payloads at TRACE. This message was
          logged at {entry.logLevel}. The flow&apos;s definition says the level (log: level: …).
        </Text>
      )}
    </Page>
  );
}

function isOpen(entry: Entry | undefined): boolean {
  return entry?.status === 'PROCESSING' || entry?.status === 'RETRY';
}

/** The first record with an error is the innermost: those around it end later. */
function titleOf(steps: readonly StepRun[]): string {
  const failed = steps.find(({ error }) => error !== undefined);
  return failed === undefined ? 'It failed' : `It failed in the step “${stepName(failed.stepName)}”`;
}

function Correlation({ of: { id, correlationId } }: { readonly of: Entry }): ReactElement {
  if (id === correlationId) return <Text inherit>that of the entry</Text>;
  return (
    <>
      <Copyable text={correlationId} />{' '}
      <InternalLink to={`/messages?correlationId=${encodeURIComponent(correlationId)}`}>
        all messages with it
      </InternalLink>
    </>
  );
}

function Log({ of, steps }: { readonly of: Entry['log']; readonly steps: readonly StepRun[] }): ReactElement | null {
  if (of === undefined || of.length === 0) return null;
  const lines = of as readonly { stepId?: string; time?: number; level?: string; text?: string }[];
  return (
    <Stack gap={4}>
      <Title order={2}>Log</Title>
      <Table.ScrollContainer minWidth={620} type="native" tabIndex={0} role="region" aria-label="Log">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Time</Table.Th>
              <Table.Th>Level</Table.Th>
              <Table.Th>Step</Table.Th>
              <Table.Th>Text</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody style={{ verticalAlign: 'top' }}>
            {lines.map(({ stepId, time, level, text }, index) => (
              <Table.Tr key={index}>
                <Table.Td>
                  <Time at={time === undefined ? undefined : new Date(time).toISOString()} exact />
                </Table.Td>
                <Table.Td>{level ?? '–'}</Table.Td>
                <Table.Td>{stepName(steps.find((step) => step.stepId === stepId)?.stepName ?? stepId ?? '–')}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{text}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
