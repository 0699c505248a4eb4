import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { may, sessionQuery } from '../../api/session.ts';
import { NeedsRight } from '../../design/needs-right.tsx';
import { Page } from '../../design/page.tsx';
import { AdminTokens } from './admin-tokens.tsx';
import { OwnSession } from './own-session.tsx';
import { People } from './people.tsx';
import { Subscribers } from './subscribers.tsx';

export function Administrators(): ReactElement {
  const session = useQuery(sessionQuery).data;
  return (
    <Page title="Administrators" about="Who may do what at the admin API and in this console, and who may listen.">
      {session && (
        <Stack gap="xs">
          <Title order={2}>You</Title>
          <OwnSession session={session} />
        </Stack>
      )}
      <Stack gap="xs">
        {may(session, 'Tokens.read') ? (
          <People allowed={may(session, 'Tokens.manage')} session={session} />
        ) : (
          <>
            <Title order={2}>People</Title>
            <NeedsRight right="Tokens.read" />
          </>
        )}
      </Stack>
      <Stack gap="xs">
        {may(session, 'Tokens.read') ? (
          <AdminTokens allowed={may(session, 'Tokens.manage')} session={session} />
        ) : (
          <>
            <Title order={2}>Admin tokens</Title>
            <NeedsRight right="Tokens.read" />
          </>
        )}
      </Stack>
      <Stack gap="xs">
        {may(session, 'Subscribers.read') ? (
          <Subscribers allowed={may(session, 'Subscribers.manage')} />
        ) : (
          <>
            <Title order={2}>Subscribers</Title>
            <NeedsRight right="Subscribers.read" />
          </>
        )}
      </Stack>
    </Page>
  );
}
