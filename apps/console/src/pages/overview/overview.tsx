import { SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { one } from '../../api/queries.ts';
import { Page } from '../../design/page.tsx';
import { EndingCertificates } from './ending-certificates.tsx';
import { Flows } from './flows-panel.tsx';
import { Keys } from './keys-panel.tsx';
import { NewestChanges } from './newest-changes.tsx';
import { NewestEvents } from './newest-events.tsx';
import { Panel } from './panel.tsx';
import { Refusals } from './refusals-panel.tsx';
import { State } from './state-panel.tsx';

/** What needs somebody now. It is asked again while the page is looked at, and not when it is hidden. */
export function Overview(): ReactElement {
  const version = useQuery({ ...one('showVersion', {}), staleTime: 60_000 }).data;
  return (
    <Page title="Overview">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Panel title="Integration Flows" right="Flows.read">
          <Flows />
        </Panel>
        <Panel title="Refusals of the last hour" right="Monitoring.read">
          <Refusals />
        </Panel>
        <Panel title="Certificates that end" right="Monitoring.read">
          <EndingCertificates />
        </Panel>
        <Panel title="Service Keys" right="Keys.read">
          <Keys />
        </Panel>
        <Panel title="Newest events" right="Monitoring.read">
          <NewestEvents />
        </Panel>
        <Panel title="Newest changes" right="Audit.read">
          <NewestChanges />
        </Panel>
        <State />
      </SimpleGrid>
      {version && (
        <Text size="xs" c="dimmed">
          Sluice {version.version}, Node.js {version.node}
        </Text>
      )}
    </Page>
  );
}
