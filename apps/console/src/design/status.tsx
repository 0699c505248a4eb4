import { Badge } from '@mantine/core';
import type { ReactElement } from 'react';

/** Colours say again what the word says. */
const colours: Readonly<Record<string, string>> = {
  active: 'green',
  started: 'green',
  STARTED: 'green',
  COMPLETED: 'green',
  permitted: 'green',
  good: 'green',
  live: 'green',
  prepared: 'blue',
  starting: 'blue',
  STARTING: 'blue',
  PROCESSING: 'blue',
  RETRY: 'yellow',
  retiring: 'yellow',
  undecided: 'yellow',
  warning: 'yellow',
  expired: 'red',
  revoked: 'red',
  failed: 'red',
  ERROR: 'red',
  denied: 'red',
  FAILED: 'red',
  ESCALATED: 'red',
  ABANDONED: 'red',
  bad: 'red',
};

export function Status({ of }: { readonly of: string }): ReactElement {
  return (
    <Badge color={colours[of] ?? 'gray'} miw="max-content">
      {of}
    </Badge>
  );
}
