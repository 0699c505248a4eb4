import { Button, Stack, Table, Title } from '@mantine/core';
import type { ReactElement } from 'react';
import { DownloadIcon } from '../../design/icons.tsx';
import type { Entry } from './message.tsx';

/** What a flow attached. It is downloaded, never shown: a flow chose its content and type. */
export function Attachments({ of: { id, attachments } }: { readonly of: Entry }): ReactElement | null {
  if (attachments === undefined || attachments.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={2}>Attachments</Title>
      <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label="Attachments">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Type</Table.Th>
              <Table.Th ta="right">Bytes</Table.Th>
              <Table.Th>Content</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {attachments.map(({ name, mediaType, size, contentDropped }, index) => (
              <Table.Tr key={index}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{name}</Table.Td>
                <Table.Td>{mediaType}</Table.Td>
                <Table.Td ta="right">{size.toLocaleString('en')}</Table.Td>
                <Table.Td>
                  {contentDropped ? (
                    'not kept'
                  ) : (
                    <Button
                      component="a"
                      variant="default"
                      size="compact-xs"
                      leftSection={<DownloadIcon />}
                      href={`/v1/message-processing-logs/${encodeURIComponent(id)}/attachments/${index}`}
                      download={name}
                      aria-label={`Download ${name}`}
                    >
                      Download
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
