import { Button, Skeleton, Stack, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { call } from '../../api/admin-api.ts';
import { one } from '../../api/queries.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Failure } from '../../design/failure.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { Page } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { RevocationOfRoot } from './revocation-of-root.tsx';

export function TrustedRoot(): ReactElement {
  const { sha256 } = useParams({ strict: false }) as { sha256: string };
  const root = useQuery(one('getTrustedRoot', { sha256 }));
  const session = useQuery(sessionQuery).data;
  const [removing, { open, close }] = useDisclosure(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  if (root.isPending) return <Skeleton height={320} />;
  if (root.isError) return <Failure error={root.error} retry={() => void root.refetch()} />;
  const { subject, issuer, serialNumber, notBefore, notAfter, keyAlgorithm, origin, pem, addedAt, revocation } =
    root.data;
  const ours = origin === 'issuing-ca';
  return (
    <Page
      title={subject}
      about="Trusted root"
      actions={
        may(session, 'Trust.manage') &&
        !ours && (
          <Button variant="default" onClick={open}>
            Remove
          </Button>
        )
      }
    >
      <Facts
        of={[
          ['Issuer', issuer === subject ? undefined : issuer],
          ['Valid from', <Time key="from" at={notBefore} exact />],
          ['Valid until', <Time key="until" at={notAfter} exact />],
          ['Key', keyAlgorithm],
          ['Serial number', serialNumber],
          ['SHA-256', <Copyable key="sha" text={sha256} />],
          ['PEM', <Copyable key="pem" text={pem} shown={`${pem.slice(28, 60)}…`} />],
          [
            'Origin',
            ours ? (
              <>
                the root of our CA, which goes with its <InternalLink to="/issuing-cas">issuing CAs</InternalLink>
              </>
            ) : (
              'added by an administrator'
            ),
          ],
          ['Added', <Time key="added" at={addedAt} exact />],
        ]}
      />
      <Stack gap="xs">
        <Title order={2}>Revocation</Title>
        <RevocationOfRoot revocation={revocation} ours={ours} />
      </Stack>
      <Confirm
        opened={removing}
        close={close}
        title={`Remove ${subject}?`}
        consequence="Every certificate that leads to it, and to no other trusted root, is refused from the next request on, on open connections too. The service keys that hold such certificates stay, and let nobody in. Its revocation policy and CRLs go with it. Added again, it lets the same senders in."
        action="Remove it"
        run={() => call('removeTrustedRoot', { sha256 })}
        done={() => {
          void queries.invalidateQueries();
          notifications.show({ message: `${subject} is trusted no longer.` });
          void navigate({ href: '/trusted-roots' });
        }}
      />
    </Page>
  );
}
