import { Anchor, Center, Group, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Fragment, useState, type ReactElement } from 'react';
import { useLiveEvents } from '../../api/live-events.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { Lines } from '../../design/lines.tsx';
import { NeedsRight } from '../../design/needs-right.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { ChoiceFilter, TextFilter } from '../../list/filter-fields.tsx';
import { useFilters } from '../../list/use-filters.ts';
import { actorOf, happenedIn, subjectOf } from './event-words.ts';

/** What happens, as it happens: what subscribers hear over NATS. */
export function Events(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const { live, events } = useLiveEvents();
  const [{ kind, text }, setFilters] = useFilters();
  const [opened, setOpened] = useState<string>();
  const kinds = [...new Set(events.map((event) => happenedIn(event).split('.')[0] ?? ''))].toSorted();
  const wanted = (text ?? '').toLowerCase();
  const shown = events.filter(
    (event) =>
      (!kind || happenedIn(event).startsWith(`${kind}.`)) &&
      (wanted === '' || JSON.stringify(event).toLowerCase().includes(wanted)),
  );
  return (
    <Page
      title="Events"
      about="What happens, as it happens: each is a CloudEvent that subscribers hear over NATS within milliseconds. The newest 500 that came since this page was opened, and 200 from before."
      actions={may(session, 'Monitoring.read') && <Status of={live ? 'live' : 'not live'} />}
    >
      {may(session, 'Monitoring.read') ? (
        <>
          <Group gap="xs">
            <ChoiceFilter
              label="Kind"
              value={kind}
              choices={kinds}
              onChange={(chosen) => setFilters({ kind: chosen })}
            />
            <TextFilter
              label="Text"
              placeholder="Name, id, actor"
              value={text}
              onChange={(chosen) => setFilters({ text: chosen })}
            />
          </Group>
          {shown.length === 0 ? (
            <Center py="xl">
              <Text c="dimmed" size="sm">
                {events.length === 0 ? 'Nothing has happened yet.' : 'No event fits.'}
              </Text>
            </Center>
          ) : (
            <Stack gap="xs">
              <Table.ScrollContainer minWidth={320} type="native" tabIndex={0} role="region" aria-label="Events">
                <Table highlightOnHover stickyHeader>
                  <Table.Caption>
                    <VisuallyHidden>Events, newest first</VisuallyHidden>
                  </Table.Caption>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Event</Table.Th>
                      <Table.Th>About</Table.Th>
                      <Table.Th visibleFrom="sm">Actor</Table.Th>
                      <Table.Th>When</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {shown.map((event) => {
                      const key = `${event.source} ${event.id}`;
                      const { name, to } = subjectOf(event);
                      return (
                        <Fragment key={key}>
                          <Table.Tr>
                            <Table.Td>
                              <Anchor
                                component="button"
                                type="button"
                                fw={600}
                                inherit
                                ta="left"
                                aria-expanded={opened === key}
                                onClick={() => setOpened(opened === key ? undefined : key)}
                              >
                                {opened === key ? '▾' : '▸'} {happenedIn(event)}
                              </Anchor>
                            </Table.Td>
                            <Table.Td miw={140} style={{ overflowWrap: 'anywhere' }}>
                              {to === undefined ? name : <InternalLink to={to}>{name}</InternalLink>}
                            </Table.Td>
                            <Table.Td visibleFrom="sm">{actorOf(event) ?? '–'}</Table.Td>
                            <Table.Td>
                              <Time at={event.time} />
                            </Table.Td>
                          </Table.Tr>
                          {opened === key && (
                            <Table.Tr>
                              <Table.Td colSpan={4}>
                                <Lines text={JSON.stringify(event, undefined, 2)} label="The event in JSON" />
                              </Table.Td>
                            </Table.Tr>
                          )}
                        </Fragment>
                      );
                    })}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Text size="xs" c="dimmed" aria-live="polite">
                {shown.length} shown
              </Text>
            </Stack>
          )}
        </>
      ) : (
        <NeedsRight right="Monitoring.read" />
      )}
    </Page>
  );
}
