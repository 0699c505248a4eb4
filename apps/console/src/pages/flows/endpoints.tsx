import { Stack, Text, Title } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Answer } from '../../api/admin-api.ts';
import { Copyable } from '../../design/copyable.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { Lines } from '../../design/lines.tsx';

type Endpoint = Answer<'getFlow'>['endpoints'][number];

/** Where a flow is called, who may, and how. */
export function Endpoints({ of }: { readonly of: readonly Endpoint[] }): ReactElement {
  return (
    <Stack gap="xs">
      <Title order={2}>Endpoints</Title>
      {of.map(({ id, url, authorization }) => (
        <Stack key={id} gap={4}>
          <Copyable text={url} />
          <Text size="sm">{wordsOf(authorization)}</Text>
          <Lines
            label={`How ${url} is called`}
            text={`curl --cert client.pem --key client.key --cacert server-root.pem \\\n  ${url} -d hello`}
          />
        </Stack>
      ))}
      <Text size="xs" c="dimmed">
        client.pem and client.key are those of a service key:{' '}
        <InternalLink to="/service-keys/new" underline="always">
          let a sender in
        </InternalLink>{' '}
        makes one. server-root.pem is the root of the flow port&apos;s certificate:{' '}
        <InternalLink to="/connectivity-tests" underline="always">
          Connectivity Test
        </InternalLink>{' '}
        hands it out.
      </Text>
    </Stack>
  );
}

function wordsOf(authorization: Endpoint['authorization']): string {
  if (typeof authorization['role'] === 'string') return `Open to senders with the role ${authorization['role']}.`;
  const pairs = authorization['certificates'];
  return Array.isArray(pairs)
    ? `Open to the certificates of ${pairs.length === 1 ? 'one subject and issuer' : `${pairs.length} subjects and issuers`}; the graph lists them.`
    : '';
}
