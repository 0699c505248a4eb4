import { List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { one } from '../../api/queries.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { Time } from '../../design/time.tsx';
import { changedBy, operationOf } from '../audit/audit-words.ts';
import { Answered, refreshMs } from './panel.tsx';

export function NewestChanges(): ReactElement {
  const entries = useQuery({ ...one('showAudit', { limit: 8 }), refetchInterval: refreshMs });
  return (
    <Answered query={entries}>
      {({ items }) =>
        items.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing has been changed yet.
          </Text>
        ) : (
          <List size="sm" spacing={2} listStyleType="none">
            {items.map(({ service, sequence, at, actor, action, changes }) => (
              <List.Item key={`${service} ${sequence}`} style={{ overflowWrap: 'anywhere' }}>
                <Time at={at} />{' '}
                <InternalLink to={`/audit?actor=${encodeURIComponent(actor ?? '')}`}>{actor ?? '–'}</InternalLink>{' '}
                {operationOf(action)}{' '}
                <Text span inherit c="dimmed">
                  {changedBy(changes)}
                </Text>
              </List.Item>
            ))}
          </List>
        )
      }
    </Answered>
  );
}
