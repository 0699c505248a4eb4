import { Group } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Input } from '../../api/admin-api.ts';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time, useNow } from '../../design/time.tsx';
import { ChoiceFilter, TextFilter } from '../../list/filter-fields.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { useFilters } from '../../list/use-filters.ts';

const hour = 3_600_000;

export function Decisions(): ReactElement {
  const [filters, setFilters] = useFilters();
  const now = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const search = {
    ...(filters['sender'] ? { sender: filters['sender'] } : {}),
    ...(filters['flow'] ? { flow: filters['flow'] } : {}),
    ...(filters['certificate'] ? { certificate: filters['certificate'] } : {}),
    ...(filters['outcome'] ? { outcome: filters['outcome'] } : {}),
    ...(filters['hours'] ? { since: new Date(now - Number(filters['hours']) * hour).toISOString() } : {}),
  } as Omit<Input<'listDecisions'>, 'limit' | 'after'>;
  return (
    <Page
      title="Decisions"
      about="Why calls were refused, and a sample of those let in; alike ones of a minute stand together. Whoever was refused was told a decision id: put it into the address, /decisions/ID."
    >
      <Group gap="xs">
        <TextFilter
          label="Sender"
          placeholder="Name of a key, or subject"
          value={filters['sender']}
          onChange={(sender) => setFilters({ sender })}
        />
        <TextFilter
          label="Flow"
          placeholder="Id of a flow"
          value={filters['flow']}
          onChange={(flow) => setFilters({ flow })}
        />
        <ChoiceFilter
          label="Outcome"
          value={filters['outcome']}
          choices={['denied', 'undecided', 'permitted']}
          onChange={(outcome) => setFilters({ outcome })}
        />
        <ChoiceFilter
          label="Since"
          value={filters['hours']}
          choices={[
            { value: '1', label: 'Last hour' },
            { value: '24', label: 'Last day' },
            { value: '168', label: 'Last 7 days' },
          ]}
          onChange={(hours) => setFilters({ hours })}
        />
      </Group>
      <ServerList
        caption="Decisions"
        operation="listDecisions"
        search={search}
        keyOf={({ id }) => id}
        linkOf={({ id }) => `/decisions/${encodeURIComponent(id)}`}
        empty="No call fits."
        refreshMs={5_000}
        columns={[
          { title: 'Reason', of: ({ reason }) => reason },
          { title: 'Outcome', of: ({ outcome }) => <Status of={outcome} /> },
          { title: 'Calls', of: ({ count }) => count, right: true, wide: true },
          { title: 'Sender', of: (item) => item.sender ?? item.certificate?.subjectdn ?? '–' },
          { title: 'Flow', of: (item) => item.flow ?? item.path ?? '–', wide: true },
          { title: 'Last', of: ({ lastAt }) => <Time at={lastAt} /> },
        ]}
      />
    </Page>
  );
}
