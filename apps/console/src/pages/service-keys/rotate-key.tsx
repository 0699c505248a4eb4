import { Button, Group, Modal, Select, Stack, Text, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Answer } from '../../api/admin-api.ts';
import { Failure } from '../../design/failure.tsx';
import { useNow } from '../../design/time.tsx';
import { local } from '../../words/time.ts';
import { ShownOnce } from './shown-once.tsx';

type Key = Answer<'getServiceKey'>;
const overlaps = [
  { value: '0', label: 'none: the one before ends at once' },
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '2592000', label: '30 days' },
];

/** Gives a key a successor, and says first what that does. */
export function RotateKey({
  serviceKey,
  opened,
  close,
}: {
  readonly serviceKey: Key;
  readonly opened: boolean;
  readonly close: () => void;
}): ReactElement {
  const [overlap, setOverlap] = useState('604800');
  const [pem, setPem] = useState('');
  const queries = useQueryClient();
  const now = useNow();
  const type = serviceKey['key-type'];
  const given =
    type === 'certificate_request' ? 'certificate-request' : type === 'certificate_external' ? 'X.509' : undefined;
  const rotating = useMutation({
    mutationFn: (idempotencyKey: string) =>
      call(
        'rotateServiceKey',
        { id: serviceKey.id, overlapSeconds: Number(overlap), ...(given === undefined ? {} : { [given]: pem }) },
        { idempotencyKey },
      ),
    onSuccess: () => void queries.invalidateQueries(),
  });
  const end = local(new Date(now + Number(overlap) * 1_000).toISOString());
  return (
    <Modal
      opened={opened}
      onClose={() => {
        rotating.reset();
        close();
      }}
      title={`Rotate ${serviceKey.name}`}
      size="lg"
    >
      {rotating.isSuccess ? (
        <ShownOnce credentials={rotating.data.credentials} />
      ) : (
        <Stack gap="sm">
          {given !== undefined && (
            <Textarea
              label={given === 'X.509' ? 'The successor, in PEM' : 'A new certification request (PKCS#10), in PEM'}
              autosize
              minRows={4}
              maxRows={12}
              value={pem}
              onChange={(event) => setPem(event.currentTarget.value)}
              styles={{ input: { fontFamily: 'monospace' } }}
            />
          )}
          <Select
            label="Overlap"
            description="How long the one before stays valid"
            data={overlaps}
            value={overlap}
            onChange={(value) => setOverlap(value ?? '604800')}
            allowDeselect={false}
          />
          <Text size="sm">
            The key gets a successor at once.{' '}
            {overlap === '0'
              ? 'What it has now ends with its next request.'
              : `What it has now stays valid beside it, and ends ${end}.`}
          </Text>
          {rotating.isError && <Failure error={rotating.error} />}
          <Group justify="flex-end">
            <Button loading={rotating.isPending} onClick={() => rotating.mutate(crypto.randomUUID())}>
              Rotate
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
