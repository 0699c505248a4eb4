import { Alert, Text } from '@mantine/core';
import type { ReactElement, ReactNode } from 'react';
import { stringify } from 'yaml';
import { Facts } from '../design/facts.tsx';
import { Lines } from '../design/lines.tsx';
import type { GraphNode } from './graph-of-flow.ts';
import type { NodeRun } from './run-of-message.ts';

/** Everything that one step or channel was given. */
export default function Settings({
  node,
  ran,
}: {
  readonly node: GraphNode;
  readonly ran?: NodeRun | undefined;
}): ReactElement {
  return (
    <>
      {ran?.error !== undefined && (
        <Alert color="red" title="It failed here" mb="xs">
          {ran.error}
        </Alert>
      )}
      <Facts
        of={[
          ['Type', node.sort],
          ...Object.entries(node.settings)
            .filter(([name]) => name !== 'type')
            .map(([name, value]) => [wordsOf(name), shown(value)] as const),
        ]}
      />
    </>
  );
}

/** `maximumBodySizeMb` as `Maximum body size mb`: what is in no list of words is readable, too. */
function wordsOf(name: string): string {
  const words = name.replace(
    /([a-z])([A-Z])/g,
    (_whole, end: string, begin: string) => `${end} ${begin.toLowerCase()}`,
  );
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shown(value: unknown): ReactNode {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return value.includes('\n') || value.length > 80 ? <Lines text={value} /> : value;
  if (Array.isArray(value) && value.length === 0)
    return (
      <Text span c="dimmed" inherit>
        none
      </Text>
    );
  return <Lines text={stringify(value, { lineWidth: 0 }).trimEnd()} />;
}
