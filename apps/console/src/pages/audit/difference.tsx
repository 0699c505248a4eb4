import { Button, Stack, Table, Text } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { membersOfChange, shownOf } from './audit-words.ts';

/** A changed row: what it had before and what it has since, with the members that changed first in sight. */
export function Difference({ change }: { readonly change: Readonly<Record<string, unknown>> }): ReactElement {
  const [all, setAll] = useState(false);
  const members = membersOfChange(change);
  const changed = members.filter(({ before, after }) => before !== after);
  const same = members.length - changed.length;
  const kind = !change['before'] ? 'created' : !change['after'] ? 'deleted' : 'changed';
  const table = shownOf(change['table']);
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        {table} {kind}
      </Text>
      <Table.ScrollContainer
        minWidth={420}
        type="native"
        tabIndex={0}
        role="region"
        aria-label={`${table} ${kind}: before and after`}
      >
        <Table withTableBorder fz="xs" layout="fixed">
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={160}>Member</Table.Th>
              {kind !== 'created' && <Table.Th>Before</Table.Th>}
              {kind !== 'deleted' && <Table.Th>After</Table.Th>}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(all ? members : changed).map(({ name, before, after }) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" fw={400}>
                  {name}
                </Table.Th>
                {kind !== 'created' && <Value text={before} sign={before === after ? undefined : '−'} />}
                {kind !== 'deleted' && <Value text={after} sign={before === after ? undefined : '+'} />}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {same > 0 && (
        <Button variant="subtle" size="compact-xs" style={{ alignSelf: 'flex-start' }} onClick={() => setAll(!all)}>
          {all ? 'Only what changed' : `Also the ${same} that stayed`}
        </Button>
      )}
    </Stack>
  );
}

/** The sign says again what the colour says. */
function Value({
  text,
  sign,
}: {
  readonly text: string | undefined;
  readonly sign: '−' | '+' | undefined;
}): ReactElement {
  const colour = sign === undefined || text === undefined ? undefined : sign === '+' ? 'green' : 'red';
  return (
    <Table.Td
      style={{
        overflowWrap: 'anywhere',
        whiteSpace: 'pre-wrap',
        verticalAlign: 'top',
        fontFamily: 'var(--mantine-font-family-monospace)',
        ...(colour ? { background: `var(--mantine-color-${colour}-light)` } : {}),
      }}
    >
      {text === undefined ? '' : `${sign === undefined ? '' : `${sign} `}${shortened(text)}`}
    </Table.Td>
  );
}

const longest = 600;

function shortened(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest)} … (${text.length} characters)`;
}
