import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { Failure } from './failure.tsx';

interface Properties {
  readonly opened: boolean;
  readonly close: () => void;
  readonly title: string;
  /** What it will do, said before it is done. */
  readonly consequence: ReactNode;
  readonly action: string;
  readonly run: () => Promise<unknown>;
  readonly done?: () => void;
  /** Whether it may be done yet: a name has been typed. */
  readonly ready?: boolean;
  /** What is chosen beside: a reason. */
  readonly children?: ReactNode;
}

/** Asks before something that cannot be taken back. */
export function Confirm({
  opened,
  close,
  title,
  consequence,
  action,
  run,
  done,
  ready = true,
  children,
}: Properties): ReactElement {
  const running = useMutation({
    mutationFn: run,
    onSuccess: () => {
      close();
      done?.();
    },
  });
  return (
    <Modal
      opened={opened}
      onClose={() => {
        running.reset();
        close();
      }}
      title={title}
    >
      <Stack gap="sm">
        <Text size="sm" component="div">
          {consequence}
        </Text>
        {children}
        {running.isError && <Failure error={running.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Leave it as it is
          </Button>
          <Button color="red" disabled={!ready} loading={running.isPending} onClick={() => running.mutate()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
