import { Button, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { one } from '../../api/queries.ts';
import { Failure } from '../../design/failure.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { Panel } from './panel.tsx';

/** Whether what the processes decide by is what Postgres has. Every record is read for that, so it is asked for by hand. */
export function State(): ReactElement {
  const state = useQuery({ ...one('showStateComparison', {}), enabled: false });
  return (
    <Panel
      title="State"
      right="Monitoring.read"
      actions={
        <Button variant="default" size="compact-xs" loading={state.isFetching} onClick={() => void state.refetch()}>
          Compare now
        </Button>
      }
    >
      {state.isError && <Failure error={state.error} />}
      {state.data ? (
        <>
          <Text size="sm" component="div">
            <Status of={state.data.differing === 0 ? 'good' : 'bad'} />{' '}
            {state.data.differing === 0
              ? 'The state stream has what Postgres has.'
              : `${state.data.differing} records differ: sluice state compare names them.`}{' '}
            <Text span inherit c="dimmed">
              <Time at={new Date(state.dataUpdatedAt).toISOString()} />
            </Text>
          </Text>
          <Table fz="xs" verticalSpacing={2}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Service</Table.Th>
                <Table.Th ta="right">Compared</Table.Th>
                <Table.Th ta="right">On their way</Table.Th>
                <Table.Th ta="right">Differ</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {state.data.services.map(({ service, compared, pending, differing, complete }) => (
                <Table.Tr key={service}>
                  <Table.Td>
                    {service} {!complete && <Status of="starting" />}
                  </Table.Td>
                  <Table.Td ta="right">{compared}</Table.Td>
                  <Table.Td ta="right">{pending}</Table.Td>
                  <Table.Td ta="right">{differing}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      ) : (
        !state.isError && (
          <Text size="sm" c="dimmed">
            Whether the state stream, by which calls are decided, is in step with Postgres. The comparison reads every
            record.
          </Text>
        )
      )}
    </Panel>
  );
}
