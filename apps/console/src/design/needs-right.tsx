import { Code, Text } from '@mantine/core';
import type { Right } from '@sluice/domain';
import type { ReactElement } from 'react';

/** Stands where something is left out that this administrator may not see. */
export function NeedsRight({ right }: { readonly right: Right }): ReactElement {
  return (
    <Text size="sm" c="dimmed">
      Seen with the right <Code>{right}</Code>.
    </Text>
  );
}
