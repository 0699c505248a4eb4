import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Input, Item } from '../../api/admin-api.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { NeedsRight } from '../../design/needs-right.tsx';
import { Page } from '../../design/page.tsx';
import { Time, useNow } from '../../design/time.tsx';
import { ChoiceFilter, TextFilter } from '../../list/filter-fields.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { useFilters } from '../../list/use-filters.ts';
import { Difference } from './difference.tsx';
import { changedBy, operationOf } from './audit-words.ts';

const hour = 3_600_000;

export function Audit(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const [filters, setFilters] = useFilters();
  const now = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const { actor, entity, operation, hours } = filters;
  const search = {
    ...(actor ? { actor } : {}),
    ...(entity ? { entity } : {}),
    ...(operation ? { operation } : {}),
    ...(hours ? { since: new Date(now - Number(hours) * hour).toISOString() } : {}),
  } as Omit<Input<'showAudit'>, 'limit' | 'after'>;
  return (
    <Page
      title="Audit"
      about="Who changed what, of all services together, newest first. Nothing can be taken out of it unseen: each entry has the hash of the one before."
    >
      {may(session, 'Audit.read') ? (
        <>
          <Group gap="xs">
            <TextFilter
              label="Actor"
              placeholder="Who: an admin token"
              value={actor}
              onChange={(chosen) => setFilters({ actor: chosen })}
            />
            <TextFilter
              label="Entity"
              placeholder="What: id, name, SHA-256"
              value={entity}
              onChange={(chosen) => setFilters({ entity: chosen })}
            />
            <TextFilter
              label="Operation"
              placeholder="rotate-service-key"
              value={operation}
              onChange={(chosen) => setFilters({ operation: chosen })}
            />
            <ChoiceFilter
              label="Since"
              value={hours}
              choices={[
                { value: '1', label: 'Last hour' },
                { value: '24', label: 'Last day' },
                { value: '168', label: 'Last 7 days' },
                { value: '720', label: 'Last 30 days' },
              ]}
              onChange={(chosen) => setFilters({ hours: chosen })}
            />
          </Group>
          <ServerList
            caption="Audit entries"
            operation="showAudit"
            search={search}
            keyOf={({ service, sequence }) => `${service} ${sequence}`}
            empty="No entry fits."
            detailOf={(entry) => <Entry entry={entry} />}
            columns={[
              { title: 'Operation', of: (entry) => <NoBreak>{operationOf(entry.action)}</NoBreak> },
              { title: 'What', of: (entry) => changedBy(entry.changes) },
              { title: 'Actor', of: ({ actor: by }) => by ?? '–' },
              { title: 'When', of: ({ at }) => <Time at={at} /> },
              { title: 'Service', of: ({ service }) => <NoBreak>{service}</NoBreak>, wide: true },
            ]}
          />
        </>
      ) : (
        <NeedsRight right="Audit.read" />
      )}
    </Page>
  );
}

/** Names with hyphens stay in one line. */
function NoBreak({ children }: { readonly children: string }): ReactElement {
  return <span style={{ whiteSpace: 'nowrap' }}>{children}</span>;
}

function Entry({ entry }: { readonly entry: Item<'showAudit'> }): ReactElement {
  const { changes, service, sequence, requestId, action, at, hash, previousHash, content } = entry;
  return (
    <Stack gap="sm">
      {changes === undefined && (
        <Text size="sm" c="red">
          Its content is not what was written: somebody changed it. It reads {content}
        </Text>
      )}
      {changes?.map((change, index) => (
        <Difference key={index} change={change} />
      ))}
      <Facts
        of={[
          ['At', at && <Time key="at" at={at} exact />],
          ['Entry', `${sequence} of ${service}`],
          ['Action', action],
          ['Request', requestId && <Copyable key="request" text={requestId} />],
          ['Hash', <Copyable key="hash" text={hash} />],
          ['Hash before it', <Copyable key="before" text={previousHash} />],
        ]}
      />
    </Stack>
  );
}
