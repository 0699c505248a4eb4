import { Box, Group, List, Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Item } from '../../api/admin-api.ts';
import { one } from '../../api/queries.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { Time, useNow } from '../../design/time.tsx';
import { kinds } from '../certificates/kinds.ts';
import { Answered, refreshMs } from './panel.tsx';

const day = 86_400_000;
const days = 30;
const most = 200;

/** Certificates in use that end in the next 30 days, each a mark on the line of these days, the nearest named below. */
export function EndingCertificates(): ReactElement {
  const now = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const certificates = useQuery({
    ...one('listCertificates', {
      limit: most,
      expiringAfter: new Date(now).toISOString(),
      expiringBefore: new Date(now + days * day).toISOString(),
    }),
    refetchInterval: refreshMs,
    placeholderData: keepPreviousData,
  });
  return (
    <Answered query={certificates}>
      {({ items, next }) => {
        const used = items.filter(({ status }) => ['active', 'retiring', 'prepared'].includes(status));
        if (used.length === 0 && next === undefined)
          return (
            <Text size="sm" c="dimmed">
              No certificate in use ends in the next 30 days.
            </Text>
          );
        return (
          <Stack gap="xs">
            <TimeLine ends={used.map(({ validuntil }) => Date.parse(validuntil))} now={now} />
            <List size="sm" spacing={2} listStyleType="none">
              {used.slice(0, 6).map((certificate) => (
                <List.Item key={`${certificate.kind} ${certificate.sha256} ${certificate.serviceKeyId ?? ''}`}>
                  <Time at={certificate.validuntil} /> <Named certificate={certificate} />
                </List.Item>
              ))}
            </List>
            {used.length > 6 && (
              <Text size="sm" component="div">
                <InternalLink to={`/certificates?expiring=${days}`}>
                  All {used.length}
                  {next === undefined ? '' : ' and more'}
                </InternalLink>
              </Text>
            )}
          </Stack>
        );
      }}
    </Answered>
  );
}

function Named({ certificate }: { readonly certificate: Item<'listCertificates'> }): ReactElement {
  const { serviceKeyId, serviceKeyName, subjectdn, kind } = certificate;
  return (
    <>
      <InternalLink
        to={
          serviceKeyId === undefined ? `/certificates?expiring=${days}&kind=${kind}` : `/service-keys/${serviceKeyId}`
        }
      >
        {serviceKeyName ?? subjectdn}
      </InternalLink>{' '}
      <Text span inherit c="dimmed">
        {kinds[kind]}
      </Text>
    </>
  );
}

function TimeLine({ ends, now }: { readonly ends: readonly number[]; readonly now: number }): ReactElement {
  const dayOf = (end: number) => Math.min(days - 1, Math.max(0, Math.floor((end - now) / day)));
  const perDay = Array.from({ length: days }, (_, index) => ends.filter((end) => dayOf(end) === index).length);
  const largest = Math.max(1, ...perDay);
  return (
    <Box
      role="img"
      aria-label={`${ends.length} certificates end in the next ${days} days, ${perDay.slice(0, 7).reduce((a, b) => a + b)} of them in the next 7`}
    >
      <Group
        gap={2}
        h={36}
        align="flex-end"
        wrap="nowrap"
        style={{ borderBottom: '1px solid var(--mantine-color-dimmed)' }}
      >
        {perDay.map((count, index) => (
          <Box
            key={index}
            flex={1}
            h={count === 0 ? 0 : `${Math.max(15, (count / largest) * 100)}%`}
            bg={index < 7 ? 'var(--mantine-color-red-filled)' : 'var(--mantine-color-yellow-filled)'}
          />
        ))}
      </Group>
      <Group justify="space-between">
        {['now', 'in 15 days', 'in 30 days'].map((label) => (
          <Text key={label} size="xs" c="dimmed">
            {label}
          </Text>
        ))}
      </Group>
    </Box>
  );
}
