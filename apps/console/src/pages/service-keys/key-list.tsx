import type { ReactElement } from 'react';
import type { Input, Item } from '../../api/admin-api.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';

export type ServiceKey = Item<'findServiceKeys'>;

export function KeyList({
  search,
}: {
  readonly search: Omit<Input<'findServiceKeys'>, 'limit' | 'after'>;
}): ReactElement {
  return (
    <ServerList
      caption="Service keys"
      operation="findServiceKeys"
      search={search}
      keyOf={({ id }) => id}
      linkOf={({ id }) => `/service-keys/${id}`}
      empty={
        <>
          No key fits. <InternalLink to="/service-keys/new">Let a sender in</InternalLink>, step by step.
        </>
      }
      columns={[
        { title: 'Name', of: ({ name }) => name },
        { title: 'Type', of: (key) => key['key-type'], wide: true },
        { title: 'Status', of: ({ status }) => <Status of={status} /> },
        { title: 'Ends', of: (key) => <Time at={endOf(key)} /> },
        { title: 'Last used', of: (key) => <Time at={lastUseOf(key)} />, wide: true },
        { title: 'Created', of: ({ createdAt }) => <Time at={createdAt} />, wide: true },
      ]}
    />
  );
}

/** Of the certificate that ends last and is usable now. */
export function endOf({ certificates }: Pick<ServiceKey, 'certificates'>): string | undefined {
  return certificates
    .filter(({ status }) => status === 'active' || status === 'retiring')
    .map(({ retiresAt, validuntil }) => retiresAt ?? validuntil)
    .toSorted()
    .at(-1);
}

export function lastUseOf({ certificates }: Pick<ServiceKey, 'certificates'>): string | undefined {
  return certificates
    .flatMap(({ lastUsedAt }) => lastUsedAt ?? [])
    .toSorted()
    .at(-1);
}
