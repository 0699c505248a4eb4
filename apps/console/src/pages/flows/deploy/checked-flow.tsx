import { Alert, List, Stack, Text } from '@mantine/core';
import type { ReactElement } from 'react';
import { Facts } from '../../../design/facts.tsx';
import { stepName } from '../../../words/steps.ts';
import { Findings } from '../problems.tsx';
import type { FlowCheck } from './artifact.ts';

/** What a deployment of one flow would say. */
export function CheckedFlow({ flow }: { readonly flow: FlowCheck }): ReactElement {
  const { name, verdict, senders, receivers, steps, needs, problems, warnings, scriptsToPort } = flow;
  return (
    <Stack gap="xs">
      {verdict === 'supported' && (
        <Alert color="green" title="It can be deployed">
          {warnings.length === 0
            ? 'Nothing is in the way.'
            : `Nothing is in the way. ${counted(warnings.length, 'warning')} below.`}
        </Alert>
      )}
      {verdict === 'needs-scripts' && (
        <Alert color="yellow" title="Its scripts must be ported to JavaScript first">
          <List size="sm">
            {scriptsToPort
              .filter(({ ported }) => !ported)
              .map(({ script, functions, steps: by }) => (
                <List.Item key={script}>
                  <b>{script}</b>: {functions.join(', ')}, called by {by.map((step) => step.name).join(', ')}
                </List.Item>
              ))}
          </List>
        </Alert>
      )}
      {verdict === 'refused' && (
        <Alert color="red" title={`${counted(problems.length, 'thing')} in the way`}>
          Nothing is deployed until these are mended in the file. Then choose it again.
        </Alert>
      )}
      <Findings of={problems} caption="Problems" />
      <Findings of={warnings} caption="Warnings" />
      <Facts
        of={[
          ['Name', name],
          ['Senders', listed(senders)],
          ['Receivers', listed(receivers)],
          ['Steps', listed(Object.entries(steps).map(([type, count]) => `${count} × ${stepName(type)}`))],
          ['Needs', listed(needs)],
        ]}
      />
    </Stack>
  );
}

export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function listed(texts: readonly string[]): ReactElement | undefined {
  if (texts.length === 0) return undefined;
  return (
    <>
      {texts.map((text, index) => (
        <Text key={index} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {text}
        </Text>
      ))}
    </>
  );
}
