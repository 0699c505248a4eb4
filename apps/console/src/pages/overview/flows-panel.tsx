import { Group, List, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { one } from '../../api/queries.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { Answered, refreshMs } from './panel.tsx';

const most = 1_000;

/** How many flows there are, which failed, and what their messages came to since this hour yesterday. */
export function Flows(): ReactElement {
  const flows = useQuery({ ...one('listFlows', { limit: most }), refetchInterval: refreshMs });
  return (
    <Answered query={flows}>
      {({ items, next }) => {
        const failed = items.filter(({ status, failure }) => status === 'failed' || failure !== undefined);
        const sum = (of: (messages: { total: number; errors: number }) => number) =>
          items.reduce((all, { messages }) => all + (messages ? of(messages) : 0), 0);
        const [total, errors] = [sum((each) => each.total), sum((each) => each.errors)];
        return (
          <Stack gap="xs">
            <Group gap="xl">
              <Figure
                value={items.length}
                of={items.length === 1 ? 'flow' : 'flows'}
                to="/flows"
                open={next !== undefined}
              />
              <Figure value={total} of="messages of the last day" to="/messages" open={next !== undefined} />
              <Figure
                value={errors}
                of="ended in an error"
                to="/messages?status=FAILED"
                open={next !== undefined}
                bad={errors > 0}
              />
            </Group>
            {items.length === 0 && (
              <Text size="sm" c="dimmed">
                None is deployed: begin with <InternalLink to="/flows">Integration Flows</InternalLink>.
              </Text>
            )}
            {failed.length > 0 && (
              <List size="sm" spacing={2}>
                {failed.slice(0, 6).map(({ id, name, error, failure }) => (
                  <List.Item key={id}>
                    <InternalLink to={`/flows/${encodeURIComponent(id)}`}>{name}</InternalLink>{' '}
                    <Text inherit lineClamp={2} component="div">
                      {error ?? failure?.error ?? 'failed'}
                    </Text>
                  </List.Item>
                ))}
                {failed.length > 6 && <List.Item>and {failed.length - 6} more that failed</List.Item>}
              </List>
            )}
          </Stack>
        );
      }}
    </Answered>
  );
}

/** A number with what it counts. `open`: there are more than were counted. */
export function Figure({
  value,
  of,
  to,
  open = false,
  bad = false,
}: {
  readonly value: number;
  readonly of: string;
  readonly to: string;
  readonly open?: boolean;
  readonly bad?: boolean;
}): ReactElement {
  return (
    <Text component="div" size="sm">
      <Text span fz={24} fw={600} c={bad ? 'var(--mantine-color-red-light-color)' : undefined} mr={6}>
        {value.toLocaleString('en')}
        {open ? '+' : ''}
      </Text>
      <InternalLink to={to}>{of}</InternalLink>
    </Text>
  );
}
