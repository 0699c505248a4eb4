import { Button, Group, Modal, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Item } from '../../api/admin-api.ts';
import type { Session } from '../../api/session.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Facts } from '../../design/facts.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { MakeAdminToken } from './make-admin-token.tsx';
import { Rights } from './own-session.tsx';

type AdminToken = Item<'listAdminTokens'>;

export function AdminTokens({
  allowed,
  session,
}: {
  readonly allowed: boolean;
  readonly session: Session | null | undefined;
}): ReactElement {
  const [making, { open, close }] = useDisclosure(false);
  const [revoking, setRevoking] = useState<AdminToken>();
  const queries = useQueryClient();
  return (
    <>
      <Group justify="space-between">
        <Title order={2}>Admin tokens</Title>
        {allowed && <Button onClick={open}>Create admin token</Button>}
      </Group>
      <ServerList
        caption="Admin tokens"
        operation="listAdminTokens"
        search={{}}
        keyOf={({ name }) => name}
        empty="There is no admin token."
        detailOf={(token) => (
          <Facts
            of={[
              ['Rights', token.roles && <Rights key="rights" roles={token.roles} />],
              ['Created', <Time key="created" at={token.createdAt} exact />],
              ['By', token.createdBy],
              ['Warning', token.warning],
            ]}
          />
        )}
        columns={[
          { title: 'Name', of: ({ name }) => name },
          { title: 'Rights', of: ({ roles }) => shortOf(roles ?? []), wide: true },
          {
            title: 'Ends',
            of: ({ expiresAt }) =>
              expiresAt === undefined ? (
                <Text span inherit c="dimmed">
                  never
                </Text>
              ) : (
                <Time at={expiresAt} />
              ),
          },
          { title: 'Last used', of: ({ lastUsedAt }) => <Time at={lastUsedAt} />, wide: true },
          { title: 'Status', of: ({ status }) => (status === undefined ? '–' : <Status of={status} />) },
          {
            title: 'Actions',
            of: (token) =>
              allowed ? (
                <Button
                  variant="subtle"
                  color="red"
                  size="compact-xs"
                  onClick={() => setRevoking(token)}
                  aria-label={`Revoke ${token.name}`}
                >
                  Revoke
                </Button>
              ) : null,
            right: true,
          },
        ]}
      />
      <Modal opened={making} onClose={close} title="Create an admin token" size="lg">
        <MakeAdminToken close={close} own={session?.roles ?? []} />
      </Modal>
      {revoking && (
        <Confirm
          opened
          close={() => setRevoking(undefined)}
          title={`Revoke ${revoking.name}?`}
          consequence={`Its next call is answered 401, and every session that was opened with it ends.${revoking.name === session?.name ? ' You are signed in by it: this session ends too.' : ''}`}
          action="Revoke for good"
          run={() => call('revokeAdminToken', { name: revoking.name })}
          done={() => {
            void queries.invalidateQueries();
            notifications.show({ message: `The admin token ${revoking.name} is revoked.` });
          }}
        />
      )}
    </>
  );
}

function shortOf(roles: readonly string[]): string {
  const [first = '–', second, ...others] = roles;
  return (
    [first, ...(second === undefined ? [] : [second])].join(', ') +
    (others.length > 0 ? ` and ${others.length} more` : '')
  );
}
