import { Badge, Button, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { signOutEverywhere, type Session } from '../../api/session.ts';
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
          ['Signed in by', session.name],
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
        consequence={`Every session that was opened with the admin token ${session.name} ends, this one too. The token itself stays: to end it as well, revoke it below.`}
        action="Sign out everywhere"
        run={signOutEverywhere}
        done={() => {
          queries.clear();
          window.location.assign('/');
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
