import { Badge, Group } from '@mantine/core';
import type { ReactElement } from 'react';
import { useQuery } from '@tanstack/react-query';
import { may, sessionQuery } from '../../api/session.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { LinkButton } from '../../design/link-button.tsx';
import { Page } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';

export function ServiceInstances(): ReactElement {
  const session = useQuery(sessionQuery).data;
  return (
    <Page
      title="Service Instances"
      about="Who sends. An instance has roles; its service keys are what its senders are known by."
      actions={may(session, 'Keys.manage') && <LinkButton to="/service-keys/new">Let a sender in</LinkButton>}
    >
      <ServerList
        caption="Service instances"
        operation="listServiceInstances"
        search={{}}
        keyOf={({ id }) => id}
        linkOf={({ id }) => `/service-instances/${id}`}
        empty={
          <>
            There are none yet. <InternalLink to="/service-keys/new">Let a sender in</InternalLink>, step by step.
          </>
        }
        columns={[
          { title: 'Name', of: ({ name }) => name },
          { title: 'Plan', of: ({ plan }) => plan, wide: true },
          {
            title: 'Roles',
            of: ({ parameters }) => (
              <Group gap={4}>
                {parameters.roles.map((role) => (
                  <Badge key={role} color="gray">
                    {role}
                  </Badge>
                ))}
              </Group>
            ),
          },
          { title: 'Changed', of: ({ updatedAt }) => <Time at={updatedAt} />, wide: true },
        ]}
      />
    </Page>
  );
}
