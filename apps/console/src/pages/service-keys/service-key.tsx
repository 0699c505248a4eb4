import { Button, Code, Select, Skeleton, Stack, Table, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { call, type Input } from '../../api/admin-api.ts';
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
import { LifeOfKey } from './life-of-key.tsx';
import { revocationReasons } from './revocation-reasons.ts';
import { RotateKey } from './rotate-key.tsx';

export function ServiceKey(): ReactElement {
  const { id } = useParams({ strict: false }) as { id: string };
  const key = useQuery(one('getServiceKey', { id }));
  const session = useQuery(sessionQuery).data;
  const [rotating, rotate] = useDisclosure(false);
  const [revoking, revoke] = useDisclosure(false);
  const [deleting, remove] = useDisclosure(false);
  const [reason, setReason] = useState('unspecified');
  const queries = useQueryClient();
  const navigate = useNavigate();
  if (key.isPending) return <Skeleton height={320} />;
  if (key.isError) return <Failure error={key.error} retry={() => void key.refetch()} />;
  const shown = key.data;
  const allowed = may(session, 'Keys.manage') && shown.status !== 'revoked';
  return (
    <Page
      title={shown.name}
      about="Service key"
      actions={
        may(session, 'Keys.manage') && (
          <>
            <Button disabled={!allowed} onClick={rotate.open}>
              Rotate
            </Button>
            <Button variant="default" disabled={!allowed} onClick={revoke.open}>
              Revoke
            </Button>
            <Button variant="default" onClick={remove.open}>
              Delete
            </Button>
          </>
        )
      }
    >
      <Facts
        of={[
          ['Status', <Status key="status" of={shown.status} />],
          ['Id', <Copyable key="id" text={shown.id} />],
          ['Type', shown['key-type']],
          [
            'Service instance',
            <InternalLink key="instance" to={`/service-instances/${shown.serviceInstanceId}`}>
              {shown.serviceInstanceId}
            </InternalLink>,
          ],
          ['URL', <Copyable key="url" text={shown.credentials.url} />],
          ['Token URL', <Copyable key="token" text={shown.credentials.tokenurl} />],
          ['Created', <Time key="created" at={shown.createdAt} exact />],
          [
            'Refused calls',
            <InternalLink key="decisions" to={`/decisions?sender=${encodeURIComponent(shown.name)}`}>
              Decisions about it
            </InternalLink>,
          ],
        ]}
      />
      {shown.certificates.length > 0 && (
        <Stack gap="xs">
          <Title order={2}>Life</Title>
          <LifeOfKey certificates={shown.certificates} />
          <Table.ScrollContainer minWidth={560} type="native" tabIndex={0} role="region" aria-label="Certificates">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  {['Status', 'Valid until', 'Last used', 'Subject', 'Serial number', 'SHA-256'].map((title) => (
                    <Table.Th key={title}>{title}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {shown.certificates.map((held) => (
                  <Table.Tr key={held.sha256}>
                    <Table.Td>
                      <Status of={held.status} />
                    </Table.Td>
                    <Table.Td>
                      <Time at={held.retiresAt ?? held.validuntil} />
                    </Table.Td>
                    <Table.Td>
                      <Time at={held.lastUsedAt} />
                    </Table.Td>
                    <Table.Td>{held.subjectdn}</Table.Td>
                    <Table.Td>
                      <Code>{held.serialnumber}</Code>
                    </Table.Td>
                    <Table.Td>
                      <Copyable text={held.sha256} shown={`${held.sha256.slice(0, 12)}…`} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Stack>
      )}
      <RotateKey serviceKey={shown} opened={rotating} close={rotate.close} />
      <Confirm
        opened={revoking}
        close={revoke.close}
        title={`Revoke ${shown.name}?`}
        consequence="It is revoked for good: its next request, on an open connection too, is answered 401."
        action="Revoke for good"
        run={() => call('revokeServiceKey', { id, reason: reason as Input<'revokeServiceKey'>['reason'] })}
        done={() => {
          void queries.invalidateQueries();
          notifications.show({ message: `The service key ${shown.name} is revoked.` });
        }}
      >
        <Select
          label="Reason"
          description="RFC 5280 §5.3.1"
          data={revocationReasons}
          value={reason}
          onChange={(chosen) => setReason(chosen ?? 'unspecified')}
          allowDeselect={false}
        />
      </Confirm>
      <Confirm
        opened={deleting}
        close={remove.close}
        title={`Delete ${shown.name}?`}
        consequence="Its access ends with its next request, and it is in no list any more."
        action="Delete"
        run={() => call('deleteServiceKey', { id })}
        done={() => {
          void queries.invalidateQueries();
          notifications.show({ message: `The service key ${shown.name} is deleted.` });
          void navigate({ href: `/service-instances/${shown.serviceInstanceId}` });
        }}
      />
    </Page>
  );
}
