import { ActionIcon, Code, CopyButton, Group, Tooltip } from '@mantine/core';
import type { ReactElement } from 'react';
import { CheckIcon, CopyIcon } from './icons.tsx';

/** Text that people take elsewhere: an id, a digest, a command. */
export function Copyable({ text, shown }: { readonly text: string; readonly shown?: string }): ReactElement {
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex" maw="100%">
      <Code style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>{shown ?? text}</Code>
      <CopyButton value={text} timeout={1500}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? 'Copied' : 'Copy'}>
            <ActionIcon
              variant="subtle"
              color={copied ? 'green' : 'gray'}
              size="sm"
              onClick={copy}
              aria-label={`Copy ${shown ?? text.slice(0, 40)}`}
            >
              {copied ? <CheckIcon /> : <CopyIcon />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
