import { List, Text } from '@mantine/core';
import type { ReactElement } from 'react';
import { useLiveEvents } from '../../api/live-events.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { Time } from '../../design/time.tsx';
import { happenedIn, subjectOf } from '../events/event-words.ts';

const shown = 8;

export function NewestEvents(): ReactElement {
  const { events } = useLiveEvents();
  if (events.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nothing has happened yet.
      </Text>
    );
  return (
    <List size="sm" spacing={2} listStyleType="none">
      {events.slice(0, shown).map((event) => {
        const { name, to } = subjectOf(event);
        return (
          <List.Item key={`${event.source} ${event.id}`} style={{ overflowWrap: 'anywhere' }}>
            <Time at={event.time} /> {happenedIn(event)}{' '}
            {to === undefined ? name : <InternalLink to={to}>{name}</InternalLink>}
          </List.Item>
        );
      })}
    </List>
  );
}
