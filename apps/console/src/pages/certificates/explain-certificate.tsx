import { Alert, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Item } from '../../api/admin-api.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Copyable } from '../../design/copyable.tsx';
import { DropText } from '../../design/drop-text.tsx';
import { Facts } from '../../design/facts.tsx';
import { Failure } from '../../design/failure.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { Status } from '../../design/status.tsx';
import { Time, useNow } from '../../design/time.tsx';
import { kinds } from './kinds.ts';
import { readCertificates, type ReadCertificate } from './read-certificate.ts';

/** Tells of certificates that somebody has in hand what they are, and whether they are known here. */
export function ExplainCertificate(): ReactElement {
  const [content, setContent] = useState<string | Uint8Array<ArrayBuffer>>('');
  const given = content.length > 0;
  const read = useQuery({
    queryKey: ['certificates-in-hand', content],
    queryFn: () => readCertificates(content),
    enabled: given,
    retry: false,
    gcTime: 0,
  });
  return (
    <Stack gap="sm">
      <DropText
        label="Certificate"
        description="PEM, with a chain if there is one, or a file in DER. It is read in this page and sent nowhere."
        value={typeof content === 'string' ? content : ''}
        onChange={setContent}
        onFile={(file) => void file.arrayBuffer().then((octets) => setContent(textOrDer(new Uint8Array(octets))))}
      />
      {given && read.isError && (
        <Alert color="yellow" title="It cannot be read" role="alert">
          {read.error.message}
        </Alert>
      )}
      {given &&
        read.data?.map((certificate, index) => (
          <Explained key={`${certificate.sha256} ${index}`} certificate={certificate} />
        ))}
    </Stack>
  );
}

function textOrDer(octets: Uint8Array<ArrayBuffer>): string | Uint8Array<ArrayBuffer> {
  return octets[0] === 0x30 ? octets : new TextDecoder().decode(octets);
}

function Explained({ certificate }: { readonly certificate: ReadCertificate }): ReactElement {
  const { sha256, subject, issuer, validFrom, validUntil } = certificate;
  const now = useNow();
  const known = useQuery({
    queryKey: ['listCertificates', 'known', sha256],
    queryFn: ({ signal }) => find(certificate, signal),
  });
  const ended = Date.parse(validUntil) <= now;
  return (
    <Paper withBorder p="sm">
      <Title order={3}>{subject === '' ? 'A certificate without a subject' : subject}</Title>
      <Facts
        of={[
          ['Issuer', issuer === subject ? `${issuer} (itself)` : issuer],
          ['Valid from', <Time key="from" at={validFrom} exact />],
          [
            'Valid until',
            <Text key="until" span size="sm" c={ended ? 'red' : undefined}>
              <Time at={validUntil} exact /> ({ended ? 'it has ended' : <Time at={validUntil} />})
            </Text>,
          ],
          ['SHA-256', <Copyable key="sha" text={sha256} />],
        ]}
      />
      {known.isPending && <Skeleton height={40} />}
      {known.isError && <Failure error={known.error} retry={() => void known.refetch()} />}
      {known.isSuccess &&
        (known.data.length > 0 ? (
          known.data.map((each) => <Known key={`${each.kind} ${each.serviceKeyId ?? ''}`} known={each} />)
        ) : (
          <Unknown certificate={certificate} />
        ))}
    </Paper>
  );
}

/** The list has no look-up by SHA-256, but by the end of the validity, which leaves few. */
async function find({ sha256, validUntil }: ReadCertificate, signal: AbortSignal): Promise<Certificate[]> {
  const end = Date.parse(validUntil);
  const found: Certificate[] = [];
  for (let after: string | undefined; ;) {
    const page = await call(
      'listCertificates',
      {
        limit: 1_000,
        expiringAfter: new Date(end).toISOString(),
        expiringBefore: new Date(end + 1_000).toISOString(),
        ...(after === undefined ? {} : { after }),
      },
      { signal },
    );
    found.push(...page.items.filter((each) => each.sha256 === sha256));
    if (page.next === undefined) return found;
    after = page.next;
  }
}

type Certificate = Item<'listCertificates'>;

function Known({ known }: { readonly known: Certificate }): ReactElement {
  return (
    <Text size="sm" component="div">
      Known here: {kinds[known.kind]}, <Status of={known.status} />
      {known.serviceKeyId !== undefined && (
        <>
          {' '}
          <InternalLink to={`/service-keys/${known.serviceKeyId}`}>
            {known.serviceKeyName ?? known.serviceKeyId}
          </InternalLink>
          , last used <Time at={known.lastUsedAt} />
        </>
      )}
      . <InternalLink to={`/decisions?certificate=${known.sha256}`}>Decisions about it</InternalLink>
    </Text>
  );
}

function Unknown({ certificate }: { readonly certificate: ReadCertificate }): ReactElement {
  const session = useQuery(sessionQuery).data;
  const root = certificate.issuer === certificate.subject;
  return (
    <Text size="sm" component="div">
      It is not known here: who calls with it is refused, unless a key of type certificate_external without a pinned
      certificate has its names.{' '}
      {root
        ? may(session, 'Trust.manage') && (
            <>
              It names itself as issuer, as roots do:{' '}
              <InternalLink to="/trusted-roots">add it as a trusted root</InternalLink>.
            </>
          )
        : may(session, 'Keys.manage') && (
            <>
              To let its holder in, <InternalLink to="/service-keys/new">make a key that holds it</InternalLink> (type
              certificate_external); its root has to be among the{' '}
              <InternalLink to="/trusted-roots">trusted roots</InternalLink>.
            </>
          )}{' '}
      <InternalLink to={`/decisions?certificate=${certificate.sha256}`}>Decisions about it</InternalLink>
    </Text>
  );
}
