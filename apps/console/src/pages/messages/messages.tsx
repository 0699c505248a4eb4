import { Group, Text, TextInput } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Input } from '../../api/admin-api.ts';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { useNow } from '../../design/time.tsx';
import { ChoiceFilter, TextFilter } from '../../list/filter-fields.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { useFilters } from '../../list/use-filters.ts';
import { lasted, local } from '../../words/time.ts';

const hour = 3_600_000;
const statuses = ['COMPLETED', 'PROCESSING', 'RETRY', 'ESCALATED', 'FAILED', 'CANCELLED', 'DISCARDED', 'ABANDONED'];

export function Messages(): ReactElement {
  const [filters, setFilters] = useFilters();
  // To the minute, so that the same question is asked again, not another one.
  const now = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const since = filters['since'] ?? (filters['hours'] && new Date(now - Number(filters['hours']) * hour).toISOString());
  const search = {
    ...(filters['flow'] ? { flow: filters['flow'] } : {}),
    ...(filters['status'] ? { status: filters['status'] } : {}),
    ...(filters['sender'] ? { sender: filters['sender'] } : {}),
    ...(filters['correlationId'] ? { correlationId: filters['correlationId'] } : {}),
    ...(since ? { since } : {}),
    ...(filters['until'] ? { until: filters['until'] } : {}),
  } as Omit<Input<'listMessageProcessingLogs'>, 'limit' | 'after'>;
  return (
    <Page
      title="Monitor: Messages"
      about="The message processing log, newest first. Whoever called a flow was told the id of the entry: put it into the address, /messages/ID."
    >
      <Group gap="xs">
        <TextFilter
          label="Flow"
          placeholder="Id of a flow"
          value={filters['flow']}
          onChange={(flow) => setFilters({ flow })}
        />
        <ChoiceFilter
          label="Status"
          value={filters['status']}
          choices={statuses}
          onChange={(status) => setFilters({ status })}
        />
        <TextFilter label="Sender" value={filters['sender']} onChange={(sender) => setFilters({ sender })} />
        <TextFilter
          label="Correlation id"
          value={filters['correlationId']}
          onChange={(correlationId) => setFilters({ correlationId })}
        />
        <ChoiceFilter
          label="Time"
          value={filters['hours']}
          choices={[
            { value: '1', label: 'Last hour' },
            { value: '24', label: 'Last day' },
            { value: '168', label: 'Last 7 days' },
          ]}
          onChange={(hours) => setFilters({ hours, since: undefined })}
        />
        <Moment
          label="From"
          value={filters['since']}
          onChange={(from) => setFilters({ since: from, hours: undefined })}
        />
        <Moment label="Until" value={filters['until']} onChange={(until) => setFilters({ until })} />
      </Group>
      <ServerList
        caption="Messages"
        operation="listMessageProcessingLogs"
        search={search}
        keyOf={({ id }) => id}
        linkOf={({ id }) => `/messages/${encodeURIComponent(id)}`}
        empty="No message fits."
        refreshMs={5_000}
        columns={[
          { title: 'Started', of: ({ start }) => <span style={{ whiteSpace: 'nowrap' }}>{local(start)}</span> },
          { title: 'Status', of: ({ status }) => <Status of={status} /> },
          {
            title: 'Flow',
            of: ({ flow }) => (
              <Text inherit style={{ overflowWrap: 'anywhere' }}>
                {flow}
              </Text>
            ),
          },
          { title: 'Sender', of: ({ sender }) => sender ?? '–', wide: true },
          { title: 'Took', of: ({ start, end }) => lasted(start, end) ?? '–', right: true, wide: true },
          {
            title: 'Error',
            of: ({ error }) =>
              error === undefined ? (
                '–'
              ) : (
                <Text inherit lineClamp={2} maw={420} style={{ overflowWrap: 'anywhere' }}>
                  {error}
                </Text>
              ),
            wide: true,
          },
        ]}
      />
    </Page>
  );
}

/** A point in time in the viewer's zone; the address has it in UTC. */
function Moment({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}): ReactElement {
  const at = value === undefined ? Number.NaN : Date.parse(value);
  return (
    <TextInput
      type="datetime-local"
      aria-label={label}
      leftSection={
        <Text size="xs" c="dimmed">
          {label}
        </Text>
      }
      leftSectionWidth={44}
      value={Number.isNaN(at) ? '' : local(new Date(at).toISOString()).slice(0, 16).replace(' ', 'T')}
      onChange={({ currentTarget }) => {
        const chosen = new Date(currentTarget.value);
        onChange(Number.isNaN(chosen.getTime()) ? undefined : chosen.toISOString());
      }}
    />
  );
}
