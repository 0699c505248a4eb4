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
  /** What is chosen beside: a reason. */
  readonly children?: ReactNode;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ opened, close, title, consequence, action, run, done, children }: Properties): ReactElement {
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
          <Button color="red" loading={running.isPending} onClick={() => running.mutate()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
