import { Paper, Skeleton, Stack, Text, ThemeIcon, Timeline, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { one } from '../../api/queries.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Failure } from '../../design/failure.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { LinkButton } from '../../design/link-button.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';

/** Every check of one decision, in the order in which they were made, and what to do about the one that failed. */
export function Decision(): ReactElement {
  const { id } = useParams({ strict: false }) as { id: string };
  const decision = useQuery(one('getDecision', { id }));
  if (decision.isPending) return <Skeleton height={320} />;
  if (decision.isError) return <Failure error={decision.error} retry={() => void decision.refetch()} />;
  const { outcome, status, reason, at, flow, path, certificate, serviceKey, serviceInstanceId, checks, nearestMatch } =
    decision.data;
  return (
    <Page
      title={`Decision: ${reason}`}
      about={<Copyable text={id} />}
      actions={<NextStep reason={reason} serviceKeyId={serviceKey?.id} serviceInstanceId={serviceInstanceId} />}
    >
      <Facts
        of={[
          ['Outcome', <Status key="outcome" of={outcome} />],
          ['Answered', String(status)],
          ['At', <Time key="at" at={at} exact />],
          [
            'Flow',
            flow && (
              <InternalLink key="flow" to={`/flows/${encodeURIComponent(flow)}`}>
                {flow}
              </InternalLink>
            ),
          ],
          ['Path', path],
          [
            'Service key',
            serviceKey && (
              <InternalLink key="key" to={`/service-keys/${serviceKey.id}`}>
                {serviceKey.name ?? serviceKey.id}
              </InternalLink>
            ),
          ],
          ['Certificate', certificate?.subjectdn],
          ['Issuer', certificate?.issuerdn],
          ['Serial number', certificate?.serialnumber],
          ['SHA-256', certificate && <Copyable key="sha" text={certificate.sha256} />],
        ]}
      />
      <Stack gap="xs">
        <Title order={2}>Checks</Title>
        <Timeline active={checks.length} bulletSize={22} lineWidth={2}>
          {checks.map(({ check, ok, explanation }, index) => (
            <Timeline.Item
              key={index}
              title={check}
              bullet={
                <ThemeIcon size={22} radius="xl" color={ok ? 'teal' : 'red'} aria-label={ok ? 'passed' : 'failed'}>
                  {ok ? '✓' : '✗'}
                </ThemeIcon>
              }
            >
              <Text size="sm">{explanation}</Text>
            </Timeline.Item>
          ))}
        </Timeline>
      </Stack>
      {nearestMatch !== undefined && (
        <Paper withBorder p="sm">
          <Title order={2}>Nearest match</Title>
          <Text size="sm">{nearestMatch}</Text>
        </Paper>
      )}
    </Page>
  );
}

/** Where the thing can be changed that was in the way. */
function NextStep({
  reason,
  serviceKeyId,
  serviceInstanceId,
}: {
  readonly reason: string;
  readonly serviceKeyId: string | undefined;
  readonly serviceInstanceId: string | undefined;
}): ReactElement | null {
  switch (reason) {
    case 'role-missing':
      return serviceInstanceId === undefined ? null : (
        <LinkButton to={`/service-instances/${serviceInstanceId}`}>Give the instance the role</LinkButton>
      );
    case 'unknown-issuer':
    case 'untrusted-root':
    case 'no-trust-anchor':
      return <LinkButton to="/trusted-roots">Add a trusted root</LinkButton>;
    case 'no-service-key':
      return <LinkButton to="/service-keys/new">Make a key that holds it</LinkButton>;
    case 'key-revoked':
    case 'certificate-retired':
    case 'expired':
      return serviceKeyId === undefined ? null : (
        <LinkButton to={`/service-keys/${serviceKeyId}`}>Look at the key</LinkButton>
      );
    default:
      return null;
  }
}
