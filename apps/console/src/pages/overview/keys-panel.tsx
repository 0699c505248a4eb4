import { Stack, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Answer } from '../../api/admin-api.ts';
import { one } from '../../api/queries.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { useNow } from '../../design/time.tsx';
import { Figure } from './flows-panel.tsx';
import { Answered, refreshMs } from './panel.tsx';

const day = 86_400_000;
const most = 100;

/** Keys that need somebody: those that end within 30 days, and those that nobody used for as long. */
export function Keys(): ReactElement {
  const now = Math.floor(useNow(60_000) / 60_000) * 60_000;
  const options = { refetchInterval: refreshMs, placeholderData: keepPreviousData };
  const ending = useQuery({
    ...one('findServiceKeys', { limit: most, expiringBefore: new Date(now + 30 * day).toISOString() }),
    ...options,
  });
  const unused = useQuery({
    ...one('findServiceKeys', { limit: most, status: 'active', unusedSince: new Date(now - 30 * day).toISOString() }),
    ...options,
  });
  return (
    <Stack gap="xs">
      <Answered query={ending}>
        {(answer) => <Named answer={answer} of="end within 30 days" to="/service-keys?expiring=30" bad />}
      </Answered>
      <Answered query={unused}>
        {(answer) => <Named answer={answer} of="unused for 30 days" to="/service-keys?status=active&unused=30" />}
      </Answered>
    </Stack>
  );
}

function Named({
  answer: { items, next },
  of,
  to,
  bad = false,
}: {
  readonly answer: Answer<'findServiceKeys'>;
  readonly of: string;
  readonly to: string;
  readonly bad?: boolean;
}): ReactElement {
  return (
    <div>
      <Figure value={items.length} of={of} to={to} open={next !== undefined} bad={bad && items.length > 0} />
      {items.length > 0 && (
        <Text size="sm" component="div">
          {items.slice(0, 4).map(({ id, name }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <InternalLink to={`/service-keys/${id}`}>{name}</InternalLink>
            </span>
          ))}
          {items.length > 4 && ' …'}
        </Text>
      )}
    </div>
  );
}
