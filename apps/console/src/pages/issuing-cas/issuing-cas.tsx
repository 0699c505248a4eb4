import { Badge, Button, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { Item } from '../../api/admin-api.ts';
import { pages } from '../../api/queries.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Failure } from '../../design/failure.tsx';
import { NeedsRight } from '../../design/needs-right.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { RevokeIssuingCa } from './revoke-issuing-ca.tsx';
import { Rotation } from './rotation.tsx';

export type IssuingCa = Item<'listIssuingCas'>;

export function IssuingCas(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const readable = may(session, 'Trust.read');
  const list = useInfiniteQuery({ ...pages('listIssuingCas', {}, 1_000), enabled: readable });
  const allowed = may(session, 'Trust.manage');
  return (
    <Page
      title="Issuing CAs"
      about="What issues the certificates of service keys. One is active; a rotation puts the next in its place while the keys of both stay valid."
    >
      {!readable && <NeedsRight right="Trust.read" />}
      {readable && list.isPending && <Skeleton height={240} />}
      {list.isError && <Failure error={list.error} retry={() => void list.refetch()} />}
      {list.data && (
        <>
          <CaTable cas={list.data.pages.flatMap(({ items }) => items)} allowed={allowed} />
          {list.hasNextPage && (
            <Group>
              <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                Show more
              </Button>
            </Group>
          )}
          <Stack gap="xs">
            <Title order={2}>Rotation</Title>
            {allowed ? (
              <Rotation cas={list.data.pages.flatMap(({ items }) => items)} />
            ) : (
              <Text size="sm" c="dimmed">
                Who has the right Trust.manage is guided through it here.
              </Text>
            )}
          </Stack>
        </>
      )}
    </Page>
  );
}

function CaTable({ cas, allowed }: { readonly cas: readonly IssuingCa[]; readonly allowed: boolean }): ReactElement {
  const [revoking, setRevoking] = useState<IssuingCa>();
  return (
    <>
      <Table.ScrollContainer minWidth={760} type="native" tabIndex={0} role="region" aria-label="Issuing CAs">
        <Table highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {['Subject', 'Status', 'Usable certificates', 'Ends', 'Root', 'SHA-256', 'Actions'].map((title) => (
                <Table.Th key={title} ta={['Usable certificates', 'Actions'].includes(title) ? 'right' : 'left'}>
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {cas.map((ca) => (
              <Table.Tr key={ca.id}>
                <Table.Td fw={600}>{ca.subject}</Table.Td>
                <Table.Td>
                  <Status of={ca.status} />{' '}
                  {ca.revocationReason !== undefined && <Badge color="gray">{ca.revocationReason}</Badge>}
                </Table.Td>
                <Table.Td ta="right">{ca.usableCertificates}</Table.Td>
                <Table.Td>
                  <Time at={ca.validuntil} />
                </Table.Td>
                <Table.Td>
                  {ca.root.subject} <Status of={ca.root.status} />
                </Table.Td>
                <Table.Td>
                  <Copyable text={ca.sha256} shown={`${ca.sha256.slice(0, 12)}…`} />
                </Table.Td>
                <Table.Td ta="right">
                  {allowed && ca.status !== 'revoked' && (
                    <Button
                      variant="subtle"
                      color="red"
                      size="compact-xs"
                      onClick={() => setRevoking(ca)}
                      aria-label={`Revoke ${ca.subject}`}
                    >
                      Revoke
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {revoking && <RevokeIssuingCa ca={revoking} close={() => setRevoking(undefined)} />}
    </>
  );
}
