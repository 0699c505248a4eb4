import { Box, Stack, Text, Tooltip, useComputedColorScheme } from '@mantine/core';
import type { ReactElement } from 'react';
import { useNow } from '../../design/time.tsx';
import { local } from '../../words/time.ts';
import type { ServiceKey } from './key-list.tsx';

const colours: Readonly<Record<string, string>> = {
  active: 'teal',
  retiring: 'yellow',
  revoked: 'red',
  expired: 'gray',
  retired: 'gray',
};

/** The certificates of a key as bars along the time: where two stand over each other, both are valid. */
export function LifeOfKey({ certificates }: Pick<ServiceKey, 'certificates'>): ReactElement | null {
  const now = useNow(60_000);
  const dark = useComputedColorScheme('light') === 'dark';
  if (certificates.length === 0) return null;
  const spans = certificates
    .map((held) => ({ held, begin: Date.parse(held.validfrom), end: Date.parse(held.retiresAt ?? held.validuntil) }))
    .toSorted((a, b) => a.begin - b.begin);
  const first = Math.min(now, ...spans.map(({ begin }) => begin));
  const last = Math.max(now, ...spans.map(({ end }) => end));
  const at = (time: number) => `${((time - first) / Math.max(1, last - first)) * 100}%`;
  return (
    <Stack
      gap={4}
      role="img"
      aria-label={`The life of the key: ${spans.map(({ held, end }) => `a certificate that is ${held.status}, until ${local(new Date(end).toISOString())}`).join('; ')}`}
    >
      {spans.map(({ held, begin, end }) => (
        <Box
          key={held.sha256}
          pos="relative"
          h={18}
          style={{ background: dark ? 'var(--mantine-color-dark-6)' : 'var(--mantine-color-gray-1)', borderRadius: 3 }}
        >
          <Tooltip
            label={`${held.serialnumber}: ${local(held.validfrom)} to ${local(new Date(end).toISOString())}, ${held.status}`}
          >
            <Box
              pos="absolute"
              h="100%"
              left={at(begin)}
              style={{
                right: `calc(100% - ${at(end)})`,
                minWidth: 4,
                borderRadius: 3,
                background: `var(--mantine-color-${colours[held.status] ?? 'gray'}-filled)`,
              }}
            />
          </Tooltip>
          {held.lastUsedAt !== undefined && (
            <Tooltip label={`Last used ${local(held.lastUsedAt)}`}>
              <Box
                pos="absolute"
                top={4}
                left={`calc(${at(Date.parse(held.lastUsedAt))} - 5px)`}
                w={10}
                h={10}
                style={{
                  borderRadius: 5,
                  background: 'var(--mantine-color-body)',
                  border: '2px solid var(--mantine-color-text)',
                }}
              />
            </Tooltip>
          )}
          <Box
            pos="absolute"
            top={-2}
            h={22}
            left={at(now)}
            w={2}
            style={{ background: 'var(--mantine-color-text)' }}
          />
        </Box>
      ))}
      <Box pos="relative" h={16}>
        <Text size="xs" c="dimmed" pos="absolute" left={0}>
          {local(new Date(first).toISOString()).slice(0, 10)}
        </Text>
        <Text size="xs" c="dimmed" pos="absolute" right={0}>
          {local(new Date(last).toISOString()).slice(0, 10)}
        </Text>
      </Box>
    </Stack>
  );
}
