import { Button, Group, Modal } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Input } from '../../api/admin-api.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { NeedsRight } from '../../design/needs-right.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time, useNow } from '../../design/time.tsx';
import { ChoiceFilter } from '../../list/filter-fields.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { useFilters } from '../../list/use-filters.ts';
import { commonNameOf } from '../../words/common-name.ts';
import { ExplainCertificate } from './explain-certificate.tsx';
import { kinds } from './kinds.ts';

const day = 86_400_000;

export function Certificates(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const [filters, setFilters] = useFilters();
  const [explaining, explain] = useDisclosure(false);
  const now = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const { kind, status, expiring } = filters;
  const search = {
    ...(kind ? { kind } : {}),
    ...(status ? { status } : {}),
    ...(expiring === 'ended' ? { expiringBefore: new Date(now).toISOString() } : {}),
    ...(expiring && expiring !== 'ended'
      ? {
          expiringAfter: new Date(now).toISOString(),
          expiringBefore: new Date(now + Number(expiring) * day).toISOString(),
        }
      : {}),
  } as Omit<Input<'listCertificates'>, 'limit' | 'after'>;
  const allowed = may(session, 'Monitoring.read');
  return (
    <Page
      title="Certificates"
      about="Every certificate of service keys, of our CA, of trusted roots and of servers; the one that ends first stands first."
      actions={allowed && <Button onClick={explain.open}>Explain a certificate</Button>}
    >
      <Group gap="xs">
        <ChoiceFilter
          label="Kind"
          value={kind}
          choices={Object.entries(kinds).map(([value, label]) => ({ value, label }))}
          onChange={(chosen) => setFilters({ kind: chosen })}
        />
        <ChoiceFilter
          label="Status"
          value={status}
          choices={['active', 'retiring', 'retired', 'revoked', 'expired', 'prepared']}
          onChange={(chosen) => setFilters({ status: chosen })}
        />
        <ChoiceFilter
          label="Ends within"
          value={expiring}
          choices={[
            ...['7', '30', '90', '365'].map((value) => ({ value, label: `Ends within ${value} days` })),
            { value: 'ended', label: 'Has ended' },
          ]}
          onChange={(chosen) => setFilters({ expiring: chosen })}
        />
      </Group>
      {allowed ? (
        <ServerList
          caption="Certificates"
          operation="listCertificates"
          search={search}
          keyOf={({ sha256, kind: of, serviceKeyId }) => `${of} ${sha256} ${serviceKeyId ?? ''}`}
          empty="No certificate fits."
          detailOf={(item) => (
            <Facts
              of={[
                ['Subject', item.subjectdn],
                ['Issuer', item.issuerdn],
                ['Serial number', item.serialnumber],
                ['SHA-256', <Copyable key="sha" text={item.sha256} />],
                ['Valid from', <Time key="from" at={item.validfrom} exact />],
                ['Valid until', <Time key="until" at={item.validuntil} exact />],
                ['Shown by', item.servers?.join(', ')],
                [
                  'Refused calls',
                  <InternalLink key="decisions" to={`/decisions?certificate=${item.sha256}`}>
                    Decisions about it
                  </InternalLink>,
                ],
              ]}
            />
          )}
          columns={[
            { title: 'Common name', of: ({ subjectdn }) => commonNameOf(subjectdn) },
            { title: 'Ends', of: ({ validuntil }) => <Time at={validuntil} /> },
            { title: 'Status', of: ({ status: of }) => <Status of={of} /> },
            { title: 'Kind', of: (item) => kinds[item.kind], wide: true },
            {
              title: 'Service key',
              of: (item) =>
                item.serviceKeyId === undefined ? (
                  '–'
                ) : (
                  <InternalLink to={`/service-keys/${item.serviceKeyId}`}>
                    {item.serviceKeyName ?? item.serviceKeyId}
                  </InternalLink>
                ),
            },
            { title: 'Last used', of: ({ lastUsedAt }) => <Time at={lastUsedAt} />, wide: true },
          ]}
        />
      ) : (
        <NeedsRight right="Monitoring.read" />
      )}
      <Modal opened={explaining} onClose={explain.close} title="Explain a certificate" size="lg">
        <ExplainCertificate />
      </Modal>
    </Page>
  );
}
