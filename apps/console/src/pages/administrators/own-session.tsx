import { Badge, Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { afterSignOut, shownName, signOutEverywhere, type Session } from '../../api/session.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Facts } from '../../design/facts.tsx';
import { Time } from '../../design/time.tsx';

export function OwnSession({ session }: { readonly session: Session }): ReactElement {
  const [leaving, { open, close }] = useDisclosure(false);
  const queries = useQueryClient();
  return (
    <>
      <Facts
        of={[
          session.person ? ['Signed in as', shownName(session)] : ['Signed in by', session.name],
          ['In the audit trail', session.person && session.name],
          ['Rights', <Rights key="rights" roles={session.roles} />],
          ['Session ends', <Time key="ends" at={session.expiresAt} />],
        ]}
      />
      <Group>
        <Button variant="default" onClick={open}>
          Sign out everywhere
        </Button>
      </Group>
      <Confirm
        opened={leaving}
        close={close}
        title="Sign out everywhere?"
        consequence={
          session.person
            ? 'Every session of yours ends, this one too.'
            : `Every session that was opened with the admin token ${session.name} ends, this one too. The token itself stays: to end it as well, revoke it below.`
        }
        action="Sign out everywhere"
        run={signOutEverywhere}
        done={() => {
          queries.clear();
          window.location.assign(afterSignOut(session));
        }}
      />
    </>
  );
}

export function Rights({ roles }: { readonly roles: readonly string[] }): ReactElement {
  return (
    <Group gap={4}>
      {roles.map((role) => (
        <Badge key={role} color="gray">
          {role}
        </Badge>
      ))}
    </Group>
  );
}
