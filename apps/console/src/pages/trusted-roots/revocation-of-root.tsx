import { Stack, Table, Text, Title } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Answer } from '../../api/admin-api.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Status } from '../../design/status.tsx';
import { Time, useNow } from '../../design/time.tsx';

type Revocation = NonNullable<Answer<'getTrustedRoot'>['revocation']>;

/** How certificates below a root are checked for revocation, and how the sources of that are doing. */
export function RevocationOfRoot({
  revocation,
  ours,
}: {
  readonly revocation: Revocation | undefined;
  readonly ours: boolean;
}): ReactElement {
  if (!revocation)
    return (
      <Text size="sm">
        {ours
          ? 'Certificates that our own CA issued are judged by the status of their service keys.'
          : 'It is not checked: a certificate that its issuer revoked is let in until it ends or its key is revoked here.'}
      </Text>
    );
  const { failure, scope, maximumAgeSeconds, clockSkewSeconds, crls, issuerCertificates, ocsp, lists } = revocation;
  return (
    <Stack gap="sm">
      <Facts
        of={[
          [
            'When unknown',
            failure === 'hard'
              ? 'hard: who cannot be shown not to be revoked is refused'
              : 'soft: only who is found revoked is refused',
          ],
          [
            'Checked',
            scope === 'all' ? 'every certificate below the root' : "the sender's own certificate (leaf) alone",
          ],
          ['Not older than', maximumAgeSeconds === undefined ? undefined : `${maximumAgeSeconds} s`],
          ['Clock skew', clockSkewSeconds === 0 ? undefined : `${clockSkewSeconds} s`],
          [
            'OCSP',
            ocsp &&
              `${ocsp.url ?? 'the responder that each certificate names'}, nonce ${ocsp.nonce}, at most ${ocsp.timeoutMilliseconds} ms`,
          ],
          [
            'Issuers known',
            issuerCertificates.length === 0 ? undefined : issuerCertificates.map(({ subject }) => subject).join('; '),
          ],
        ]}
      />
      {crls.length > 0 && <Sources crls={crls} />}
      <Title order={3}>CRLs in force</Title>
      {lists.length === 0 ? (
        <Text size="sm" c="dimmed">
          There is none.
        </Text>
      ) : (
        <ListsInForce lists={lists} />
      )}
    </Stack>
  );
}

function Sources({ crls }: Pick<Revocation, 'crls'>): ReactElement {
  return (
    <Table.ScrollContainer minWidth={520} type="native" tabIndex={0} role="region" aria-label="Where CRLs come from">
      <Table>
        <Table.Thead>
          <Table.Tr>
            {['Fetched from', 'Every', 'Last', 'Next', 'How it went'].map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {crls.map(({ url, refreshSeconds, lastFetchedAt, nextFetchAt, lastError }) => (
            <Table.Tr key={url}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{url}</Table.Td>
              <Table.Td>{refreshSeconds} s</Table.Td>
              <Table.Td>
                <Time at={lastFetchedAt} />
              </Table.Td>
              <Table.Td>
                <Time at={nextFetchAt} />
              </Table.Td>
              <Table.Td>{lastError ?? <Status of="good" />}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function ListsInForce({ lists }: Pick<Revocation, 'lists'>): ReactElement {
  const now = useNow();
  return (
    <Table.ScrollContainer minWidth={640} type="native" tabIndex={0} role="region" aria-label="CRLs in force">
      <Table>
        <Table.Thead>
          <Table.Tr>
            {['Issuer', 'Number', 'Revoked', 'Of', 'Next update', 'Source', 'SHA-256'].map((title) => (
              <Table.Th key={title} ta={title === 'Revoked' ? 'right' : 'left'}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lists.map(({ sha256, issuer, number, delta, thisUpdate, nextUpdate, entries, source }) => (
            <Table.Tr key={sha256}>
              <Table.Td>{issuer}</Table.Td>
              <Table.Td>
                {number ?? '–'}
                {delta ? ' (delta)' : ''}
              </Table.Td>
              <Table.Td ta="right">{entries}</Table.Td>
              <Table.Td>
                <Time at={thisUpdate} />
              </Table.Td>
              <Table.Td>
                <Time at={nextUpdate} />{' '}
                {nextUpdate !== undefined && Date.parse(nextUpdate) < now && <Status of="expired" />}
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{source ?? 'uploaded'}</Table.Td>
              <Table.Td>
                <Copyable text={sha256} shown={`${sha256.slice(0, 12)}…`} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
