import { Table, Text } from '@mantine/core';
import type { ReactElement } from 'react';

/** A problem or a warning of a flow, as the admin API tells both. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  readonly element?: { readonly type: string; readonly id: string; readonly name: string } | undefined;
  readonly nearest?: string | undefined;
}

/** Each finding with where it is: the element of an artifact, the path and the line of a text. */
export function Findings({
  of,
  caption,
}: {
  readonly of: readonly Finding[];
  readonly caption: string;
}): ReactElement | null {
  if (of.length === 0) return null;
  return (
    <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label={caption}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="32%">Where</Table.Th>
            <Table.Th ta="right">Line</Table.Th>
            <Table.Th>{caption}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody style={{ verticalAlign: 'top' }}>
          {of.map(({ element, path, line, message, nearest }, index) => (
            <Table.Tr key={index}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {element ? element.name || element.id : (path ?? '–')}
                {element && (
                  <Text size="xs" c="dimmed">
                    {element.type} {element.id}
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right">{line ?? '–'}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {message}
                {nearest !== undefined && (
                  <Text size="xs" c="dimmed">
                    Nearest: {nearest}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
