import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call } from '../../api/admin-api.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Failure } from '../../design/failure.tsx';

/** With a key of the subscriber's own, or with one that is made here and shown in this dialog alone. */
export function MakeSubscriber({ close }: { readonly close: () => void }): ReactElement {
  const [name, setName] = useState('');
  const [publicKey, setPublicKey] = useState('');
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: () =>
      call('makeSubscriber', { name, ...(publicKey.trim() === '' ? {} : { publicKey: publicKey.trim() }) }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['listSubscribers'] }),
  });
  if (making.isSuccess) {
    const { seed, inboxPrefix, consumers, publicKey: key } = making.data;
    return (
      <Stack gap="sm">
        {seed !== undefined && (
          <Alert color="yellow" title="Shown this once">
            The seed is kept nowhere. Save it before you close this.
          </Alert>
        )}
        <Facts
          of={[
            ['Seed', seed && <Copyable key="seed" text={seed} />],
            ['Public key', <Copyable key="key" text={key} />],
            ['Inbox prefix', <Copyable key="inbox" text={inboxPrefix} />],
            ['Consumers', consumers.join(', ')],
          ]}
        />
        <Group justify="flex-end">
          <Button onClick={close}>{seed === undefined ? 'Close' : 'I have saved it'}</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        making.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="Of small letters, digits and -"
          placeholder="warehouse"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Public key"
          description="nkey of the subscriber (U…), whose seed it alone has. Without one, a seed is made and shown this once."
          value={publicKey}
          onChange={(event) => setPublicKey(event.currentTarget.value)}
        />
        {making.isError && <Failure error={making.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={making.isPending}>
            Create subscriber
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
