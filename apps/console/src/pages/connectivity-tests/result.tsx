import { Alert, Badge, Box, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactElement } from 'react';
import type { Answer } from '../../api/admin-api.ts';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { DownloadIcon } from '../../design/icons.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import { Status } from '../../design/status.tsx';
import { Time, useNow } from '../../design/time.tsx';

type Test = Answer<'getConnectivityTest'>;

export function Result({ test }: { readonly test: Test }): ReactElement {
  const { id, status, error, protocol, cipher, at, certificates, validateServerCertificate } = test;
  return (
    <Stack gap="sm">
      {error !== undefined && (
        <Alert color="red" title="It failed" role="alert">
          {error}
        </Alert>
      )}
      <Facts
        of={[
          ['Result', <Status key="status" of={status} />],
          ['Protocol', protocol],
          ['Cipher', cipher],
          ['Certificate', validateServerCertificate ? 'validated' : 'not validated'],
          ['At', <Time key="at" at={at} exact />],
        ]}
      />
      {certificates.length > 0 && (
        <>
          <Group justify="space-between" maw={720}>
            <Title order={3}>Chain</Title>
            <Button
              component="a"
              variant="default"
              leftSection={<DownloadIcon />}
              href={`/v1/connectivity-tests/${encodeURIComponent(id)}/certificates.zip`}
              download="certificates.zip"
            >
              certificates.zip
            </Button>
          </Group>
          <Chain certificates={certificates} />
        </>
      )}
    </Stack>
  );
}

/** From the server's certificate up to the root, as it was sent; a line joins each with its issuer, and is broken where it is not. */
function Chain({ certificates }: Pick<Test, 'certificates'>): ReactElement {
  const now = useNow();
  return (
    <Stack gap={0} maw={720} component="ol" p={0} m={0} style={{ listStyle: 'none' }}>
      {certificates.map((certificate, index) => {
        const above = certificates[index + 1];
        const joined = above?.subjectdn === certificate.issuerdn;
        return (
          <Box key={certificate.sha256} component="li">
            <Paper withBorder p="sm">
              <Group justify="space-between" gap="xs">
                <Text fw={600} size="sm" style={{ overflowWrap: 'anywhere' }}>
                  {certificate.subjectdn}
                </Text>
                <Group gap={4}>
                  <Badge color="gray">{roleOf(certificate, index)}</Badge>
                  <Validity from={certificate.validfrom} until={certificate.validuntil} now={now} />
                </Group>
              </Group>
              <Facts
                of={[
                  ['Issuer', certificate.root ? 'itself' : certificate.issuerdn],
                  [
                    'Valid',
                    <>
                      <Time at={certificate.validfrom} exact /> to <Time at={certificate.validuntil} exact />
                    </>,
                  ],
                  ['Serial number', certificate.serialnumber],
                  ['SHA-256', <Copyable key="sha" text={certificate.sha256} />],
                  ['File', certificate.file],
                ]}
              />
            </Paper>
            {above && (
              <Group gap="xs" pl="lg" wrap="nowrap">
                <Box h={28} style={{ borderLeft: `2px ${joined ? 'solid' : 'dashed'} var(--mantine-color-dimmed)` }} />
                <Text size="xs" c="dimmed">
                  {joined ? 'issued by' : 'not issued by the next one'}
                </Text>
              </Group>
            )}
          </Box>
        );
      })}
      {certificates.at(-1)?.root === false && (
        <Text size="sm" c="dimmed" mt="xs" component="li">
          The root was not sent, as is usual: {certificates.at(-1)?.issuerdn}. Is it among the{' '}
          <InternalLink to="/trusted-roots">trusted roots</InternalLink>?
        </Text>
      )}
    </Stack>
  );
}

function roleOf({ root }: Test['certificates'][number], index: number): string {
  if (root) return 'root';
  return index === 0 ? 'server' : 'intermediate';
}

function Validity({
  from,
  until,
  now,
}: {
  readonly from: string;
  readonly until: string;
  readonly now: number;
}): ReactElement {
  if (Date.parse(until) <= now) return <Status of="expired" />;
  if (Date.parse(from) > now) return <Badge color="red">not valid yet</Badge>;
  return (
    <Badge color={Date.parse(until) - now < 30 * 86_400_000 ? 'yellow' : 'green'}>
      ends <Time at={until} />
    </Badge>
  );
}
