import { Button, Group, Modal, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Item } from '../../api/admin-api.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { MakeSubscriber } from './make-subscriber.tsx';

type Subscriber = Item<'listSubscribers'>;

export function Subscribers({ allowed }: { readonly allowed: boolean }): ReactElement {
  const [making, { open, close }] = useDisclosure(false);
  const [revoking, setRevoking] = useState<Subscriber>();
  const queries = useQueryClient();
  return (
    <>
      <Group justify="space-between">
        <Title order={2}>Subscribers</Title>
        {allowed && <Button onClick={open}>Create subscriber</Button>}
      </Group>
      <ServerList
        caption="Subscribers"
        operation="listSubscribers"
        search={{}}
        keyOf={({ id }) => id}
        empty="Nobody may subscribe to the events yet."
        detailOf={(subscriber) => (
          <Facts
            of={[
              ['Public key', <Copyable key="key" text={subscriber.publicKey} />],
              ['Inbox prefix', <Copyable key="inbox" text={subscriber.inboxPrefix} />],
              ['Consumers', subscriber.consumers.join(', ')],
            ]}
          />
        )}
        columns={[
          { title: 'Name', of: ({ name }) => name },
          { title: 'Last seen', of: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
          { title: 'Created', of: ({ createdAt }) => <Time at={createdAt} />, wide: true },
          {
            title: 'Actions',
            of: (subscriber) =>
              allowed ? (
                <Button
                  variant="subtle"
                  color="red"
                  size="compact-xs"
                  onClick={() => setRevoking(subscriber)}
                  aria-label={`Revoke ${subscriber.name}`}
                >
                  Revoke
                </Button>
              ) : null,
            right: true,
          },
        ]}
      />
      <Modal opened={making} onClose={close} title="Create a subscriber" size="lg">
        <MakeSubscriber close={close} />
      </Modal>
      {revoking && (
        <Confirm
          opened
          close={() => setRevoking(undefined)}
          title={`Revoke ${revoking.name}?`}
          consequence="Its connections end, it cannot connect any more, and its consumers are removed with what they had not read yet."
          action="Revoke for good"
          run={() => call('revokeSubscriber', { id: revoking.id })}
          done={() => {
            void queries.invalidateQueries({ queryKey: ['listSubscribers'] });
            notifications.show({ message: `The subscriber ${revoking.name} is revoked.` });
          }}
        />
      )}
    </>
  );
}
