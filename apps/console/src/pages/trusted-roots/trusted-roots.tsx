import { Alert, Button, Group, List, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call } from '../../api/admin-api.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { DropText } from '../../design/drop-text.tsx';
import { Failure } from '../../design/failure.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { NeedsRight } from '../../design/needs-right.tsx';
import { Page } from '../../design/page.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';

export function TrustedRoots(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const [adding, { open, close }] = useDisclosure(false);
  return (
    <Page
      title="Trusted Roots"
      about="The certificate of a sender has to lead to one of these. Our own CA's root is among them while that CA is in use."
      actions={may(session, 'Trust.manage') && <Button onClick={open}>Add trusted root</Button>}
    >
      {may(session, 'Trust.read') ? (
        <ServerList
          caption="Trusted roots"
          operation="listTrustedRoots"
          search={{}}
          keyOf={({ sha256 }) => sha256}
          linkOf={({ sha256 }) => `/trusted-roots/${sha256}`}
          empty="No root is trusted: every certificate is refused."
          columns={[
            { title: 'Subject', of: ({ subject }) => subject },
            { title: 'Ends', of: ({ notAfter }) => <Time at={notAfter} /> },
            {
              title: 'Origin',
              of: ({ origin }) => (origin === 'issuing-ca' ? 'our CA' : 'an administrator'),
              wide: true,
            },
            {
              title: 'Revocation',
              of: ({ origin, revocation }) => (origin === 'issuing-ca' ? 'by its keys' : checkedBy(revocation)),
            },
            { title: 'Key', of: ({ keyAlgorithm }) => keyAlgorithm, wide: true },
            { title: 'Added', of: ({ addedAt }) => <Time at={addedAt} />, wide: true },
          ]}
        />
      ) : (
        <NeedsRight right="Trust.read" />
      )}
      <Modal opened={adding} onClose={close} title="Add a trusted root" size="lg">
        <AddTrustedRoot close={close} />
      </Modal>
    </Page>
  );
}

/** By what certificates below a root are checked, in a word or two. */
function checkedBy(
  revocation:
    { readonly crls: readonly unknown[]; readonly lists: readonly unknown[]; readonly ocsp?: unknown } | undefined,
): string {
  if (!revocation) return 'not checked';
  const lists = revocation.crls.length > 0 || revocation.lists.length > 0 ? ['CRL'] : [];
  return [...lists, ...(revocation.ocsp === undefined ? [] : ['OCSP'])].join(', ') || 'no source yet';
}

function AddTrustedRoot({ close }: { readonly close: () => void }): ReactElement {
  const [pem, setPem] = useState('');
  const queries = useQueryClient();
  const adding = useMutation({
    mutationFn: () => call('addTrustedRoot', { pem }),
    onSuccess: () => queries.invalidateQueries(),
  });
  if (adding.isSuccess) {
    const { subject, sha256, warnings } = adding.data;
    return (
      <Stack gap="sm">
        <Text size="sm">
          {subject} is trusted from the next request on. Whoever has a certificate below it still needs a service key
          that holds that certificate.
        </Text>
        {warnings.length > 0 && (
          <Alert color="yellow" title="What speaks against it">
            <List size="sm">
              {warnings.map(({ code, message }) => (
                <List.Item key={code}>{message}</List.Item>
              ))}
            </List>
          </Alert>
        )}
        <Group justify="space-between">
          <Text size="sm" component="div">
            <InternalLink to={`/trusted-roots/${sha256}`}>Look at it, and set how revocation is checked</InternalLink>
          </Text>
          <Button onClick={close}>Close</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        adding.mutate();
      }}
    >
      <Stack gap="sm">
        <DropText
          label="Root certificate in PEM"
          description="One certificate that is its own issuer. All it issues, and all that its CAs issue, leads to it."
          value={pem}
          onChange={setPem}
        />
        {adding.isError && <Failure error={adding.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={adding.isPending} disabled={pem.trim() === ''}>
            Trust it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
