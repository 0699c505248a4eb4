import { Button, Group, NumberInput, Skeleton, Stack, Switch, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call } from '../../api/admin-api.ts';
import { one } from '../../api/queries.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Failure } from '../../design/failure.tsx';
import { NeedsRight } from '../../design/needs-right.tsx';
import { Page } from '../../design/page.tsx';
import { useFilters } from '../../list/use-filters.ts';
import { Result } from './result.tsx';

/** The address keeps the id of the test, so that its result can be looked at again and passed on. */
export function ConnectivityTest(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const [{ test }] = useFilters();
  const allowed = may(session, 'Connectivity.test');
  return (
    <Page
      title="Connectivity Test"
      about="A TLS handshake with a host and port, made by the admin API: what a sender or receiver there would be shown."
    >
      {allowed ? (
        <>
          <Run />
          {test !== undefined && <Shown id={test} />}
        </>
      ) : (
        <NeedsRight right="Connectivity.test" />
      )}
    </Page>
  );
}

function Run(): ReactElement {
  const [filters, setFilters] = useFilters();
  const [host, setHost] = useState(filters['host'] ?? '');
  const [port, setPort] = useState<string | number>(Number(filters['port'] ?? '443'));
  const [validate, setValidate] = useState(true);
  const queries = useQueryClient();
  const running = useMutation({
    mutationFn: () =>
      call('runConnectivityTest', { host: host.trim(), port: Number(port), validateServerCertificate: validate }),
    onSuccess: (result) => {
      queries.setQueryData(one('getConnectivityTest', { id: result.id }).queryKey, result);
      setFilters({ test: result.id, host: result.host, port: String(result.port) });
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        running.mutate();
      }}
    >
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Host"
            placeholder="api.example.com"
            required
            w={260}
            value={host}
            onChange={(event) => setHost(event.currentTarget.value)}
          />
          <NumberInput
            label="Port"
            required
            min={1}
            max={65_535}
            w={100}
            value={port}
            onChange={setPort}
            hideControls
          />
          <Button type="submit" size="xs" h={30} loading={running.isPending}>
            Test
          </Button>
        </Group>
        <Switch
          size="xs"
          label="Validate the server's certificate: its chain, its time and its name"
          checked={validate}
          onChange={(event) => setValidate(event.currentTarget.checked)}
        />
        {running.isError && <Failure error={running.error} />}
      </Stack>
    </form>
  );
}

function Shown({ id }: { readonly id: string }): ReactElement {
  const test = useQuery({ ...one('getConnectivityTest', { id }), staleTime: Infinity });
  if (test.isPending) return <Skeleton height={240} />;
  if (test.isError) return <Failure error={test.error} retry={() => void test.refetch()} />;
  return (
    <Stack gap="sm">
      <Title order={2}>
        {test.data.host}:{test.data.port}
      </Title>
      <Result test={test.data} />
    </Stack>
  );
}
