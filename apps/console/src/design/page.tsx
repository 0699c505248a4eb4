import { Box, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, type ReactElement, type ReactNode } from 'react';

interface Properties {
  readonly title: string;
  /** What the page is for, in a sentence. */
  readonly about?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, about, actions, children }: Properties): ReactElement {
  useEffect(() => {
    document.title = `${title} – Sluice`;
  }, [title]);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start" gap="sm">
        <Box maw={720}>
          <Title order={1}>{title}</Title>
          {about !== undefined && (
            <Text size="sm" c="dimmed" component="div">
              {about}
            </Text>
          )}
        </Box>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
