import { Alert, Button, Checkbox, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { rights } from 'virtual:rights';
import { useState, type ReactElement } from 'react';
import { call, type Input } from '../../api/admin-api.ts';
import { heldRights } from '../../api/session.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Failure } from '../../design/failure.tsx';
import { Time } from '../../design/time.tsx';

const day = 86_400_000;
const ends = ['1', '7', '30', '90', '180', '365'].map((value) => ({
  value,
  label: value === '1' ? 'in a day' : `in ${value} days`,
}));

/** With no more rights than who makes it has. The token is in this dialog alone, until it is closed. */
export function MakeAdminToken({
  close,
  own,
}: {
  readonly close: () => void;
  readonly own: readonly string[];
}): ReactElement {
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<string[]>([]);
  const [days, setDays] = useState('90');
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: () =>
      call('makeAdminToken', {
        name,
        roles: chosen as NonNullable<Input<'makeAdminToken'>['roles']>,
        expiresAt: new Date(Date.now() + Number(days) * day).toISOString(),
      }),
    gcTime: 0,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['listAdminTokens'] }),
  });
  if (making.isSuccess)
    return (
      <Stack gap="sm">
        <Alert color="yellow" title="Shown this once">
          The token is kept nowhere. Save it before you close this.
        </Alert>
        <Copyable text={making.data.token} />
        <Text size="sm">
          {making.data.name} ends <Time at={making.data.expiresAt} />. Sign in with it here, or give it to the command
          line: <code>sluice login</code>.
        </Text>
        <Group justify="flex-end">
          <Button onClick={close}>I have saved it</Button>
        </Group>
      </Stack>
    );
  const mine = heldRights(own);
  const included = heldRights(chosen);
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
          description="Of a person or a program: it stands in the audit trail."
          placeholder="ada@example.com"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox.Group label="Rights" description="No more than are needed." value={chosen} onChange={setChosen}>
          <Stack gap={6} mt={6}>
            {Object.entries(rights)
              .filter(([right]) => mine.has(right))
              .map(([right, { description }]) => (
                <Checkbox
                  key={right}
                  size="xs"
                  value={right}
                  label={right}
                  description={
                    included.has(right) && !chosen.includes(right) ? `${description} Included already.` : description
                  }
                />
              ))}
          </Stack>
        </Checkbox.Group>
        <Select
          label="Ends"
          data={ends}
          value={days}
          onChange={(given) => setDays(given ?? '90')}
          allowDeselect={false}
        />
        {making.isError && <Failure error={making.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={making.isPending} disabled={chosen.length === 0}>
            Create admin token
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
