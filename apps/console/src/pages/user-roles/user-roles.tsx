import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Item } from '../../api/admin-api.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Failure } from '../../design/failure.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';

type Role = Item<'listUserRoles'>;

export function UserRoles(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const [creating, { open, close }] = useDisclosure(false);
  const [deleting, setDeleting] = useState<Role>();
  const allowed = may(session, 'Roles.manage');
  return (
    <Page
      title="User Roles"
      about="What the sender channel of a flow asks for, and what service instances have. A call is let in when both name the same role."
      actions={allowed && <Button onClick={open}>Create role</Button>}
    >
      <ServerList
        caption="User roles"
        operation="listUserRoles"
        search={{}}
        keyOf={({ name }) => name}
        empty="There are no roles."
        columns={[
          { title: 'Name', of: ({ name }) => <b>{name}</b> },
          { title: 'Description', of: ({ description }) => description, wide: true },
          { title: 'Owner', of: ({ owner }) => <Status of={owner} />, wide: true },
          { title: 'Created', of: ({ createdAt }) => <Time at={createdAt} />, wide: true },
          {
            title: 'Actions',
            of: (role) =>
              allowed && role.owner === 'tenant' ? (
                <Button
                  variant="subtle"
                  color="red"
                  size="compact-xs"
                  onClick={() => setDeleting(role)}
                  aria-label={`Delete ${role.name}`}
                >
                  Delete
                </Button>
              ) : null,
            right: true,
          },
        ]}
      />
      <Modal opened={creating} onClose={close} title="Create a user role">
        <CreateRole done={close} />
      </Modal>
      <Modal
        opened={deleting !== undefined}
        onClose={() => setDeleting(undefined)}
        title={`Delete ${deleting?.name ?? ''}?`}
      >
        {deleting && <DeleteRole role={deleting} done={() => setDeleting(undefined)} />}
      </Modal>
    </Page>
  );
}

function CreateRole({ done }: { readonly done: () => void }): ReactElement {
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const queries = useQueryClient();
  const creating = useMutation({
    mutationFn: () => call('createUserRole', { name, description }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['listUserRoles'] });
      notifications.show({
        message: `The role ${name} is there. Give it to a service instance, and name it in the sender channel of a flow.`,
      });
      done();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        creating.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="Letters, digits, _ and ."
          placeholder="Orders.send"
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <TextInput
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {creating.isError && <Failure error={creating.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={creating.isPending}>
            Create role
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What still uses it is named by the answer; nothing is deleted then. */
function DeleteRole({ role, done }: { readonly role: Role; readonly done: () => void }): ReactElement {
  const queries = useQueryClient();
  const deleting = useMutation({
    mutationFn: () => call('deleteUserRole', { name: role.name }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['listUserRoles'] });
      notifications.show({ message: `The role ${role.name} is deleted.` });
      done();
    },
  });
  return (
    <Stack gap="sm">
      <Text size="sm">Only a role that no flow asks for and no service instance has can be deleted.</Text>
      {deleting.isError && <Failure error={deleting.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={done}>
          Keep it
        </Button>
        <Button color="red" loading={deleting.isPending} onClick={() => deleting.mutate()}>
          Delete role
        </Button>
      </Group>
    </Stack>
  );
}
