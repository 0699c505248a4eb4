import { Box, Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { one } from '../../api/queries.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { useNow } from '../../design/time.tsx';
import { Answered, refreshMs } from './panel.tsx';

const hour = 3_600_000;
const most = 1_000;

/** Calls that were refused in the last hour, by the reason; the longest bar is the most frequent one. */
export function Refusals(): ReactElement {
  const since = new Date(Math.floor(useNow(60_000) / 60_000) * 60_000 - hour).toISOString();
  const options = { refetchInterval: refreshMs, placeholderData: keepPreviousData };
  const denied = useQuery({ ...one('listDecisions', { since, outcome: 'denied', limit: most }), ...options });
  const undecided = useQuery({ ...one('listDecisions', { since, outcome: 'undecided', limit: most }), ...options });
  return (
    <Answered query={denied}>
      {(answer) => {
        const items = [...answer.items, ...(undecided.data?.items ?? [])];
        const open = answer.next !== undefined || undecided.data?.next !== undefined;
        const counts = new Map<string, number>();
        for (const { reason, count } of items) counts.set(reason, (counts.get(reason) ?? 0) + count);
        const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
        const largest = sorted[0]?.[1] ?? 1;
        if (sorted.length === 0)
          return (
            <Text size="sm" c="dimmed">
              No call was refused.
            </Text>
          );
        return (
          <Stack gap={6}>
            {sorted.slice(0, 8).map(([reason, count]) => (
              <Box key={reason}>
                <Group justify="space-between" gap="xs">
                  <Text size="sm" component="div">
                    <InternalLink to="/decisions?hours=1">{reason}</InternalLink>
                  </Text>
                  <Text size="sm">
                    {count.toLocaleString('en')}
                    {open ? '+' : ''}
                  </Text>
                </Group>
                <Box
                  h={4}
                  w={`${Math.max(1, (count / largest) * 100)}%`}
                  bg="var(--mantine-color-red-filled)"
                  style={{ borderRadius: 2 }}
                />
              </Box>
            ))}
          </Stack>
        );
      }}
    </Answered>
  );
}
