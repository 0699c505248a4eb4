import { Button, Stack, Table, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Item } from '../../api/admin-api.ts';
import type { Session } from '../../api/session.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Facts } from '../../design/facts.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { Rights } from './own-session.tsx';

type Person = Item<'listPeople'>;

/** Who signs in by the provider of identities, and where they are signed in now. */
export function People({
  allowed,
  session,
}: {
  readonly allowed: boolean;
  readonly session: Session | null | undefined;
}): ReactElement {
  const [ending, setEnding] = useState<Person>();
  const queries = useQueryClient();
  return (
    <>
      <Title order={2}>People</Title>
      <ServerList
        caption="People"
        operation="listPeople"
        search={{}}
        keyOf={({ id }) => id}
        empty="Nobody has signed in by a provider of identities yet."
        detailOf={(person) => (
          <Stack gap="xs">
            <Facts
              of={[
                ['In the audit trail', person.name],
                ['Account', `${person.subject} at ${person.issuer}`],
                ['Rights at the last sign-in', <Rights key="rights" roles={person.roles} />],
                ['First sign-in', <Time key="first" at={person.firstSignedInAt} exact />],
              ]}
            />
            {person.sessions.length > 0 && <Sessions of={person} />}
          </Stack>
        )}
        columns={[
          { title: 'Name', of: ({ shown }) => shown },
          { title: 'Last sign-in', of: ({ lastSignedInAt }) => <Time at={lastSignedInAt} /> },
          { title: 'Sessions', of: ({ sessions }) => sessions.length },
          {
            title: 'Actions',
            of: (person) =>
              allowed && person.sessions.length > 0 ? (
                <Button
                  variant="subtle"
                  color="red"
                  size="compact-xs"
                  onClick={() => setEnding(person)}
                  aria-label={`Sign out everywhere: ${person.shown}`}
                >
                  Sign out everywhere
                </Button>
              ) : null,
            right: true,
          },
        ]}
      />
      {ending && (
        <Confirm
          opened
          close={() => setEnding(undefined)}
          title={`Sign ${ending.shown} out everywhere?`}
          consequence={`Every session of ${ending.shown} ends.${ending.id === session?.person?.id ? ' You are that person: this session ends too.' : ''} Who is still in a group that gives rights can sign in again: to keep somebody out, take them out of it at the provider first.`}
          action="Sign out everywhere"
          run={() => call('endPersonSessions', { id: ending.id })}
          done={() => {
            void queries.invalidateQueries();
            notifications.show({ message: `${ending.shown} is signed out everywhere.` });
          }}
        />
      )}
    </>
  );
}

function Sessions({ of: { shown, sessions } }: { readonly of: Person }): ReactElement {
  return (
    <Table aria-label={`Sessions of ${shown}`}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Signed in</Table.Th>
          <Table.Th>Last used</Table.Th>
          <Table.Th>Ends</Table.Th>
          <Table.Th>Rights</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {sessions.map(({ openedAt, lastUsedAt, endsAt, roles }, index) => (
          <Table.Tr key={`${openedAt} ${index}`}>
            <Table.Td>
              <Time at={openedAt} />
            </Table.Td>
            <Table.Td>
              <Time at={lastUsedAt} />
            </Table.Td>
            <Table.Td>
              <Time at={endsAt} />
            </Table.Td>
            <Table.Td>{roles.join(', ')}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
