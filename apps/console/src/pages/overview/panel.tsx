import { Group, Paper, Skeleton, Title } from '@mantine/core';
import type { Right } from '@sluice/domain';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { may, sessionQuery } from '../../api/session.ts';
import { Failure } from '../../design/failure.tsx';
import { NeedsRight } from '../../design/needs-right.tsx';

/** How often what is shown is asked again, while the page is looked at. */
export const refreshMs = 10_000;

/** A part of the overview. What the rights do not allow to see is not asked for. */
export function Panel({
  title,
  right,
  actions,
  children,
}: {
  readonly title: string;
  readonly right?: Right;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  const session = useQuery(sessionQuery).data;
  const allowed = right === undefined || may(session, right);
  return (
    <Paper withBorder p="sm" component="section" aria-label={title}>
      <Group justify="space-between" mb={6} gap="xs">
        <Title order={2}>{title}</Title>
        {allowed && actions}
      </Group>
      {allowed ? children : <NeedsRight right={right} />}
    </Paper>
  );
}

/** What was answered last stays in sight while it is asked again. */
export function Answered<T>({
  query,
  children,
}: {
  readonly query: UseQueryResult<T>;
  readonly children: (answer: T) => ReactNode;
}): ReactElement {
  return (
    <>
      {query.isError && <Failure error={query.error} retry={() => void query.refetch()} />}
      {query.data === undefined ? !query.isError && <Skeleton height={60} /> : children(query.data)}
    </>
  );
}
