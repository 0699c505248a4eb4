import { Table } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';

/** What is known of one thing, name and value; what is undefined is left out. */
export function Facts({
  of,
  nameWidth = 150,
}: {
  readonly of: readonly (readonly [name: string, value: ReactNode])[];
  /** In pixels. */
  readonly nameWidth?: number;
}): ReactElement {
  return (
    <Table withRowBorders={false} verticalSpacing={3} layout="fixed">
      <Table.Tbody>
        {of
          .filter(([, value]) => value !== undefined && value !== '' && value !== null)
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th
                scope="row"
                c="dimmed"
                fw={400}
                w={nameWidth}
                style={{ verticalAlign: 'top', overflowWrap: 'anywhere' }}
              >
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}
