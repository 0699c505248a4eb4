import { Alert, Button, Checkbox, Group, Radio, Stack, Stepper, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement, type ReactNode } from 'react';
import { call } from '../../api/admin-api.ts';
import { Failure } from '../../design/failure.tsx';
import { InternalLink } from '../../design/internal-link.tsx';
import type { IssuingCa } from './issuing-cas.tsx';

/** Where the rotation stands is told by the CAs themselves: one prepared, one retiring, or neither. */
export function Rotation({ cas }: { readonly cas: readonly IssuingCa[] }): ReactElement {
  const prepared = cas.find(({ status }) => status === 'prepared');
  const retiring = cas.filter(({ status }) => status === 'retiring');
  const step = prepared ? 1 : retiring.length > 0 ? 2 : 0;
  const [looked, setLooked] = useState<number>();
  return (
    <Stepper active={looked ?? step} onStepClick={setLooked} size="sm" iconSize={28}>
      <Stepper.Step label="Prepare" description="make the next CA">
        <Prepare there={prepared} done={() => setLooked(undefined)} />
      </Stepper.Step>
      <Stepper.Step label="Activate" description="let it issue">
        <Activate prepared={prepared} done={() => setLooked(undefined)} />
      </Stepper.Step>
      <Stepper.Step label="Retire" description="take the one before out of use">
        {retiring.length === 0 ? (
          <Said>No CA has been replaced: there is nothing to retire.</Said>
        ) : (
          retiring.map((ca) => <Retire key={ca.id} ca={ca} done={() => setLooked(undefined)} />)
        )}
      </Stepper.Step>
    </Stepper>
  );
}

function Said({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <Text size="sm" maw={720} component="div">
      {children}
    </Text>
  );
}

/** What a step does stands above its button; what it did is told, and every list is read again. */
function useStep(run: () => Promise<unknown>, message: string, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: async () => {
      await queries.invalidateQueries();
      notifications.show({ message });
      done();
    },
  });
}

function Prepare({ there, done }: { readonly there: IssuingCa | undefined; readonly done: () => void }): ReactElement {
  const [root, setRoot] = useState<'present' | 'new'>('present');
  const preparing = useStep(
    () => call('prepareIssuingCa', { root }),
    'The next CA is prepared: it is trusted, and issues nothing yet.',
    done,
  );
  if (there) return <Said>{there.subject} is prepared. The next step lets it issue.</Said>;
  return (
    <Stack gap="sm">
      <Said>
        A CA with a new key is made. It is trusted at once by every process and issues nothing yet, so nothing changes
        for any sender. Below a new root, systems that trust our root by themselves need that new one too.
      </Said>
      <Radio.Group label="Below" value={root} onChange={(chosen) => setRoot(chosen as 'present' | 'new')}>
        <Group mt={4}>
          <Radio value="present" label="the present root" />
          <Radio value="new" label="a new root" />
        </Group>
      </Radio.Group>
      {preparing.isError && <Failure error={preparing.error} />}
      <Group>
        <Button loading={preparing.isPending} onClick={() => preparing.mutate()}>
          Prepare the next CA
        </Button>
      </Group>
    </Stack>
  );
}

function Activate({
  prepared,
  done,
}: {
  readonly prepared: IssuingCa | undefined;
  readonly done: () => void;
}): ReactElement {
  const activating = useStep(
    () => call('activateIssuingCa', { id: prepared?.id ?? '' }),
    `${prepared?.subject ?? ''} issues from now on.`,
    done,
  );
  if (!prepared) return <Said>No CA is prepared yet.</Said>;
  return (
    <Stack gap="sm">
      <Said>
        From now on {prepared.subject} issues; the one before is retiring and issues no more. What it issued stays
        valid: no sender is refused. Each key moves when it is rotated.
      </Said>
      {activating.isError && <Failure error={activating.error} />}
      <Group>
        <Button loading={activating.isPending} onClick={() => activating.mutate()}>
          Activate {prepared.subject}
        </Button>
      </Group>
    </Stack>
  );
}

function Retire({ ca, done }: { readonly ca: IssuingCa; readonly done: () => void }): ReactElement {
  const [force, setForce] = useState(false);
  const retiring = useStep(
    () => call('retireIssuingCa', { id: ca.id, ...(force ? { force } : {}) }),
    `${ca.subject} is out of use.`,
    done,
  );
  const usable = ca.usableCertificates;
  return (
    <Stack gap="sm" mb="md">
      <Said>
        {ca.subject} is taken out of use: what it issued is trusted no longer, and it cannot come back.{' '}
        {usable === 0
          ? 'No usable certificate is left below it, so no sender is refused.'
          : `${usable} of its certificates are usable still: rotate their keys first, or their senders are refused.`}{' '}
        <InternalLink to="/service-keys?status=active">Service keys</InternalLink>
      </Said>
      {usable > 0 && (
        <Alert color="yellow">
          <Checkbox
            label={`Revoke these ${usable} certificates with it, for good`}
            checked={force}
            onChange={(event) => setForce(event.currentTarget.checked)}
          />
        </Alert>
      )}
      {retiring.isError && <Failure error={retiring.error} />}
      <Group>
        <Button
          color="red"
          disabled={usable > 0 && !force}
          loading={retiring.isPending}
          onClick={() => retiring.mutate()}
        >
          Retire {ca.subject}
        </Button>
      </Group>
    </Stack>
  );
}
