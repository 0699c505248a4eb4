import { Code } from '@mantine/core';
import type { ReactElement } from 'react';

/** Text of several lines, to be read or taken elsewhere; long ones scroll. */
export function Lines({ text, label }: { readonly text: string; readonly label?: string }): ReactElement {
  return (
    <Code
      block
      tabIndex={0}
      {...(label === undefined ? {} : { role: 'region', 'aria-label': label })}
      style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', maxHeight: 420, overflow: 'auto' }}
    >
      {text}
    </Code>
  );
}
