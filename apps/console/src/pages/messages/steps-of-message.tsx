import { Accordion, Alert, Badge, Box, Group, Stack, Text, Title } from '@mantine/core';
import type { ReactElement } from 'react';
import { Facts } from '../../design/facts.tsx';
import { Lines } from '../../design/lines.tsx';
import type { StepRun } from '../../graph/run-of-message.ts';
import { stepName } from '../../words/steps.ts';
import { duration } from '../../words/time.ts';

/** The steps that ran, each on the time line of the message; one opens to what it left behind. */
export function StepsOfMessage({
  steps,
  dropped,
}: {
  readonly steps: readonly StepRun[];
  readonly dropped: number;
}): ReactElement {
  const begin = Math.min(...steps.map(({ start }) => start));
  const end = Math.max(...steps.map((step) => step.end));
  return (
    <Stack gap="xs">
      <Title order={2}>Steps</Title>
      <Text size="xs" c="dimmed">
        In the order in which they ended. The bar shows when each ran, of {duration(end - begin)}.
        {dropped > 0 && ` ${dropped} more ran and were not recorded.`}
      </Text>
      <Accordion multiple variant="contained" chevronPosition="left">
        {steps.map((step, index) => (
          <Accordion.Item key={index} value={String(index)}>
            <Accordion.Control py={0}>
              <Line step={step} begin={begin} length={Math.max(end - begin, 1)} />
            </Accordion.Control>
            <Accordion.Panel>
              <Details of={step} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}

function Line({
  step,
  begin,
  length,
}: {
  readonly step: StepRun;
  readonly begin: number;
  readonly length: number;
}): ReactElement {
  const failed = step.error !== undefined;
  const sort = stepName(step.stepType);
  const name = stepName(step.stepName);
  return (
    <Group gap="sm" wrap="nowrap">
      <Box flex={1} miw={0}>
        <Text size="sm" truncate>
          {name}{' '}
          <Text span size="xs" c="dimmed">
            {name === sort ? '' : sort} {step.processId}
          </Text>
        </Text>
      </Box>
      {failed && <Badge color="red">failed</Badge>}
      <Text size="xs" w={56} ta="right">
        {duration(step.end - step.start)}
      </Text>
      <Box w="30%" h={8} pos="relative" bg="var(--mantine-color-default-hover)" aria-hidden visibleFrom="xs">
        <Box
          pos="absolute"
          h={8}
          miw={3}
          bg={failed ? 'red' : 'var(--mantine-primary-color-filled)'}
          style={{
            left: `${((step.start - begin) / length) * 99}%`,
            width: `${((step.end - step.start) / length) * 99}%`,
          }}
        />
      </Box>
    </Group>
  );
}

function Details({ of: step }: { readonly of: StepRun }): ReactElement {
  const { error, headers, properties, payload, payloadTruncated, stepId } = step;
  return (
    <Stack gap="xs">
      {error !== undefined && (
        <Alert color="red" title="It failed here" style={{ overflowWrap: 'anywhere' }}>
          {error}
        </Alert>
      )}
      <Text size="xs" c="dimmed">
        Step {stepId}, {new Date(step.start).toISOString()}
      </Text>
      {headers !== undefined && <Named title="Headers" of={headers} />}
      {properties !== undefined && <Named title="Properties" of={properties} />}
      {payload !== undefined && (
        <>
          <Title order={3}>Payload</Title>
          {payload === '' ? (
            <Text size="sm" c="dimmed">
              empty
            </Text>
          ) : (
            <Lines text={payload} label={`Payload after ${step.stepName}`} />
          )}
        </>
      )}
      {payloadTruncated && (
        <Text size="xs" c="dimmed">
          {payload === undefined ? 'The payload was not kept.' : 'The payload was longer: only its beginning was kept.'}
        </Text>
      )}
      {headers === undefined && payload === undefined && !payloadTruncated && (
        <Text size="xs" c="dimmed">
          Headers, properties and payload are recorded at the log level TRACE.
        </Text>
      )}
    </Stack>
  );
}

function Named({ title, of }: { readonly title: string; readonly of: Readonly<Record<string, string>> }): ReactElement {
  const entries = Object.entries(of);
  return (
    <>
      <Title order={3}>{title}</Title>
      {entries.length === 0 ? (
        <Text size="sm" c="dimmed">
          none
        </Text>
      ) : (
        <Facts of={entries} nameWidth={200} />
      )}
    </>
  );
}
