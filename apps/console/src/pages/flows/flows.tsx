import { Anchor, Box, Button, FileButton, Modal, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type DragEvent, type ReactElement } from 'react';
import { may, sessionQuery } from '../../api/session.ts';
import { InternalLink } from '../../design/internal-link.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';
import { artifactOf, fileEndings, type Artifact } from './deploy/artifact.ts';
import { DeployFlow } from './deploy/deploy-flow.tsx';

export function Flows(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const allowed = may(session, 'Flows.deploy');
  const [artifact, setArtifact] = useState<Artifact>();
  const [over, setOver] = useState(false);
  const take = (file: File | null | undefined) => {
    if (file) void artifactOf(file).then(setArtifact);
  };
  const drop = {
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer.files[0]);
    },
  };
  return (
    <Box
      {...(allowed ? drop : {})}
      mih="70vh"
      style={over ? { outline: '2px dashed var(--mantine-primary-color-filled)', outlineOffset: 6 } : undefined}
    >
      <Page
        title="Integration Flows"
        about={
          allowed
            ? 'What is deployed. To deploy one, drop its file on this page: YAML, JSON, .iflw or .zip. It is checked before anything changes.'
            : 'What is deployed.'
        }
        actions={
          allowed && (
            <FileButton onChange={take} accept={fileEndings} inputProps={{ 'aria-label': 'File of a flow' }}>
              {(properties) => <Button {...properties}>Deploy a flow</Button>}
            </FileButton>
          )
        }
      >
        <ServerList
          caption="Integration flows"
          operation="listFlows"
          search={{}}
          keyOf={({ id }) => id}
          linkOf={({ id }) => `/flows/${encodeURIComponent(id)}`}
          refreshMs={5_000}
          empty={
            allowed ? (
              <>
                No flow is deployed.{' '}
                <FileButton
                  onChange={take}
                  accept={fileEndings}
                  inputProps={{ 'aria-label': 'File of the first flow' }}
                >
                  {(properties) => (
                    <Anchor component="button" inherit {...properties}>
                      Choose the file of one
                    </Anchor>
                  )}
                </FileButton>
                , or drop it here.
              </>
            ) : (
              'No flow is deployed.'
            )
          }
          columns={[
            { title: 'Id', of: ({ id }) => id },
            { title: 'Status', of: ({ status }) => <Status of={status} /> },
            {
              title: 'Messages, 24 h',
              of: ({ id, messages }) => (
                <InternalLink to={`/messages?flow=${encodeURIComponent(id)}&hours=24`}>
                  {messages?.total.toLocaleString('en') ?? '–'}
                </InternalLink>
              ),
              right: true,
            },
            {
              title: 'Errors, 24 h',
              of: ({ id, messages }) =>
                messages && messages.errors > 0 ? (
                  <InternalLink
                    to={`/messages?flow=${encodeURIComponent(id)}&status=${errorStatus(messages.byStatus)}&hours=24`}
                    c="red"
                    fw={600}
                  >
                    {messages.errors.toLocaleString('en')}
                  </InternalLink>
                ) : (
                  (messages?.errors ?? '–')
                ),
              right: true,
            },
            { title: 'Version', of: ({ version }) => (version === 0 ? '–' : version), right: true, wide: true },
            {
              title: 'Addresses',
              of: ({ endpoints }) =>
                endpoints.map(({ id, address }) => (
                  <Text key={id} size="sm" style={{ overflowWrap: 'anywhere' }}>
                    /http{address}
                  </Text>
                )),
              wide: true,
            },
            { title: 'Deployed', of: ({ deployedAt }) => <Time at={deployedAt} />, wide: true },
          ]}
        />
      </Page>
      <Modal
        opened={artifact !== undefined}
        onClose={() => setArtifact(undefined)}
        title={`Deploy ${artifact?.file.name ?? ''}`}
        size="xl"
      >
        {artifact && <DeployFlow artifact={artifact} close={() => setArtifact(undefined)} key={artifact.chosen} />}
      </Modal>
    </Box>
  );
}

/** Of the statuses that count as an error the first that there is. */
function errorStatus(byStatus: Readonly<Record<string, number>>): string {
  return ['FAILED', 'ESCALATED', 'ABANDONED'].find((status) => (byStatus[status] ?? 0) > 0) ?? 'FAILED';
}
