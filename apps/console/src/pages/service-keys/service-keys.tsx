import { Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Input } from '../../api/admin-api.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { LinkButton } from '../../design/link-button.tsx';
import { Page } from '../../design/page.tsx';
import { useNow } from '../../design/time.tsx';
import { ChoiceFilter, TextFilter } from '../../list/filter-fields.tsx';
import { useFilters } from '../../list/use-filters.ts';
import { KeyList } from './key-list.tsx';

const day = 86_400_000;
const keyTypes = ['certificate', 'certificate_request', 'certificate_external', 'client_secret'];

export function ServiceKeys(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const [filters, setFilters] = useFilters();
  // To the minute, so that the same question is asked again, not another one.
  const now = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const search = {
    ...(filters['text'] ? { text: filters['text'] } : {}),
    ...(filters['type'] ? { 'key-type': filters['type'] } : {}),
    ...(filters['status'] ? { status: filters['status'] } : {}),
    ...(filters['expiring'] ? { expiringBefore: new Date(now + Number(filters['expiring']) * day).toISOString() } : {}),
    ...(filters['unused'] ? { unusedSince: new Date(now - Number(filters['unused']) * day).toISOString() } : {}),
  } as Omit<Input<'findServiceKeys'>, 'limit' | 'after'>;
  return (
    <Page
      title="Service Keys"
      about="What senders are known by: a certificate, or a secret."
      actions={may(session, 'Keys.manage') && <LinkButton to="/service-keys/new">Let a sender in</LinkButton>}
    >
      <Group gap="xs">
        <TextFilter label="Name begins with" value={filters['text']} onChange={(text) => setFilters({ text })} />
        <ChoiceFilter
          label="Type"
          value={filters['type']}
          choices={keyTypes}
          onChange={(type) => setFilters({ type })}
        />
        <ChoiceFilter
          label="Status"
          value={filters['status']}
          choices={['active', 'expired', 'revoked']}
          onChange={(status) => setFilters({ status })}
        />
        <ChoiceFilter
          label="Ends within"
          value={filters['expiring']}
          choices={['7', '30', '90'].map((value) => ({ value, label: `Ends within ${value} days` }))}
          onChange={(expiring) => setFilters({ expiring })}
        />
        <ChoiceFilter
          label="Unused for"
          value={filters['unused']}
          choices={['7', '30', '90'].map((value) => ({ value, label: `Unused for ${value} days` }))}
          onChange={(unused) => setFilters({ unused })}
        />
      </Group>
      <KeyList search={search} />
    </Page>
  );
}
