import { Badge, Button, Group, Modal, MultiSelect, Skeleton, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { call, type Answer } from '../../api/admin-api.ts';
import { one, pages } from '../../api/queries.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Failure } from '../../design/failure.tsx';
import { LinkButton } from '../../design/link-button.tsx';
import { Page } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { KeyList } from '../service-keys/key-list.tsx';

type Instance = Answer<'getServiceInstance'>;

export function ServiceInstance(): ReactElement {
  const { id } = useParams({ strict: false }) as { id: string };
  const instance = useQuery(one('getServiceInstance', { id }));
  const session = useQuery(sessionQuery).data;
  const [editing, edit] = useDisclosure(false);
  const [deleting, remove] = useDisclosure(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  if (instance.isPending) return <Skeleton height={240} />;
  if (instance.isError) return <Failure error={instance.error} retry={() => void instance.refetch()} />;
  const { name, plan, parameters, createdAt, updatedAt } = instance.data;
  const allowed = may(session, 'Keys.manage');
  return (
    <Page
      title={name}
      about="Service instance"
      actions={
        allowed && (
          <>
            <LinkButton to={`/service-keys/new?instance=${id}`}>Create service key</LinkButton>
            <Button variant="default" onClick={edit.open}>
              Change roles
            </Button>
            <Button variant="default" color="red" onClick={remove.open}>
              Delete
            </Button>
          </>
        )
      }
    >
      <Facts
        of={[
          ['Id', <Copyable key="id" text={id} />],
          ['Plan', plan],
          [
            'Roles',
            <Group key="roles" gap={4}>
              {parameters.roles.map((role) => (
                <Badge key={role} color="gray">
                  {role}
                </Badge>
              ))}
            </Group>,
          ],
          ['Grant types', parameters['grant-types'].join(', ')],
          ['Token validity', `${parameters['token-validity']} s`],
          ['Created', <Time key="created" at={createdAt} exact />],
          ['Changed', <Time key="changed" at={updatedAt} exact />],
        ]}
      />
      <Stack gap="xs">
        <Title order={2}>Service keys</Title>
        <KeyList search={{ serviceInstanceId: id }} />
      </Stack>
      <Modal opened={editing} onClose={edit.close} title={`Roles of ${name}`}>
        <ChangeRoles instance={instance.data} done={edit.close} />
      </Modal>
      <Confirm
        opened={deleting}
        close={remove.close}
        title={`Delete ${name}?`}
        consequence="The instance and all its service keys are deleted: their next requests are answered 401."
        action="Delete with its keys"
        run={() => call('deleteServiceInstance', { id, force: true as never })}
        done={() => {
          void queries.invalidateQueries();
          notifications.show({ message: `The service instance ${name} is deleted.` });
          void navigate({ href: '/service-instances' });
        }}
      />
    </Page>
  );
}

function ChangeRoles({ instance, done }: { readonly instance: Instance; readonly done: () => void }): ReactElement {
  const roles = useInfiniteQuery(pages('listUserRoles', {}, 1_000));
  const [chosen, setChosen] = useState<string[]>([...instance.parameters.roles]);
  const queries = useQueryClient();
  const changing = useMutation({
    mutationFn: () => call('updateServiceInstance', { id: instance.id, parameters: { roles: chosen } }),
    onSuccess: async () => {
      await queries.invalidateQueries();
      notifications.show({
        message: `${instance.name} has the roles ${chosen.join(', ')}: it is so from the next request on.`,
      });
      done();
    },
  });
  const names = roles.data?.pages.flatMap(({ items }) => items.map(({ name }) => name)) ?? [];
  return (
    <Stack gap="sm">
      <MultiSelect
        label="Roles"
        data={[...new Set([...names, ...chosen])]}
        value={chosen}
        onChange={setChosen}
        searchable
        data-autofocus
      />
      {changing.isError && <Failure error={changing.error} />}
      <Group justify="flex-end">
        <Button loading={changing.isPending} disabled={chosen.length === 0} onClick={() => changing.mutate()}>
          Change roles
        </Button>
      </Group>
    </Stack>
  );
}
