import { Anchor, Button, Center, Group, Skeleton, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';
import type { Input, Item, Operation } from '../api/admin-api.ts';
import { pages } from '../api/queries.ts';
import { Failure } from '../design/failure.tsx';

export interface Column<T> {
  readonly title: string;
  readonly of: (item: T) => ReactNode;
  /** Numbers stand right. */
  readonly right?: boolean;
  /** Left out on a narrow screen: what a row can be known by stays. */
  readonly wide?: boolean;
}

interface Properties<O extends Operation> {
  /** Of the table, for who cannot see it. */
  readonly caption: string;
  readonly operation: O;
  readonly search: Omit<Input<O>, 'limit' | 'after'>;
  readonly columns: readonly Column<Item<O>>[];
  readonly keyOf: (item: Item<O>) => string;
  /** Where a row leads. */
  readonly linkOf?: (item: Item<O>) => string;
  /** What to do first, when there is nothing. */
  readonly empty: ReactNode;
  /** How often it is asked again, in milliseconds; absent: when the window is looked at again. */
  readonly refreshMs?: number;
}

/** A list of the admin API, filtered and sorted by the server, one page after the other. */
export function ServerList<O extends Operation>(properties: Properties<O>): ReactElement {
  const { caption, operation, search, columns, keyOf, linkOf, empty, refreshMs } = properties;
  const navigate = useNavigate();
  const list = useInfiniteQuery({
    ...pages(operation, search),
    ...(refreshMs === undefined ? {} : { refetchInterval: refreshMs }),
  });
  if (list.isPending) return <Skeleton height={180} role="status" aria-label={`${caption} are being read`} />;
  if (list.isError && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  const items = list.data.pages.flatMap((page) => page.items);
  if (items.length === 0)
    return (
      <Center py="xl">
        <Text c="dimmed" size="sm" component="div" ta="center">
          {empty}
        </Text>
      </Center>
    );
  return (
    <Stack gap="xs">
      {list.isError && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label={caption}>
        <Table highlightOnHover stickyHeader>
          <Table.Caption>
            <VisuallyHidden>{caption}</VisuallyHidden>
          </Table.Caption>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ title, right, wide }) => (
                <Table.Th key={title} ta={right ? 'right' : 'left'} visibleFrom={wide ? 'sm' : undefined}>
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((item) => {
              const link = linkOf?.(item);
              return (
                <Table.Tr key={keyOf(item)}>
                  {columns.map(({ title, of, right, wide }, index) => (
                    <Table.Td key={title} ta={right ? 'right' : 'left'} visibleFrom={wide ? 'sm' : undefined}>
                      {index === 0 && link !== undefined ? (
                        <Anchor
                          href={link}
                          fw={600}
                          inherit
                          onClick={(event) => {
                            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                            event.preventDefault();
                            void navigate({ href: link });
                          }}
                        >
                          {of(item)}
                        </Anchor>
                      ) : (
                        of(item)
                      )}
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Group justify="space-between">
        <Text size="xs" c="dimmed" aria-live="polite">
          {items.length} shown{list.hasNextPage ? ', there are more' : ''}
        </Text>
        {list.hasNextPage && (
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        )}
      </Group>
    </Stack>
  );
}
