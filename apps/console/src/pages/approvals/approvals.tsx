import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Item } from '../../api/admin-api.ts';
import { may, sessionQuery } from '../../api/session.ts';
import { Confirm } from '../../design/confirm.tsx';
import { Copyable } from '../../design/copyable.tsx';
import { Facts } from '../../design/facts.tsx';
import { Page } from '../../design/page.tsx';
import { Status } from '../../design/status.tsx';
import { Time } from '../../design/time.tsx';
import { ServerList } from '../../list/server-list.tsx';

type Proposal = Item<'listProposals'>;

const words: Readonly<Record<Proposal['operation'], string>> = {
  deleteServiceInstance: 'Delete service instance with its keys',
  retireIssuingCa: 'Retire issuing CA by force',
  revokeIssuingCa: 'Revoke issuing CA',
  removeTrustedRoot: 'Remove trusted root',
};

/** What waits for a second administrator, and what became of what did. */
export function Approvals(): ReactElement {
  const session = useQuery(sessionQuery).data;
  const [deciding, setDeciding] = useState<{ readonly proposal: Proposal; readonly by: 'approve' | 'withdraw' }>();
  const queries = useQueryClient();
  const mayDecide = ({ operation }: Proposal) =>
    may(session, operation === 'deleteServiceInstance' ? 'Keys.manage' : 'Trust.manage');
  return (
    <Page title="Approvals" about="What cannot be undone, where the four-eyes rule is on">
      <ServerList
        caption="Proposals"
        operation="listProposals"
        search={{}}
        keyOf={({ id }) => id}
        empty="Nothing was proposed yet. Where the four-eyes rule is on, deleting an instance with its keys, retiring an issuing CA by force, revoking one and removing a trusted root wait here."
        detailOf={({ id, subject, reason, proposedAt, decidedAt, decidedBy }) => (
          <Facts
            of={[
              ['Proposal', <Copyable key="id" text={id} />],
              ['About', <Copyable key="subject" text={subject} />],
              ['Reason', reason],
              ['Proposed', <Time key="proposed" at={proposedAt} exact />],
              ['Decided by', decidedBy],
              ['Decided', decidedAt === undefined ? undefined : <Time key="decided" at={decidedAt} exact />],
            ]}
          />
        )}
        columns={[
          { title: 'Call', of: ({ operation }) => words[operation] },
          { title: 'Of', of: ({ name }) => name },
          { title: 'Status', of: ({ status }) => <Status of={status} /> },
          { title: 'Proposed by', of: ({ proposedBy }) => proposedBy },
          {
            title: 'Expires',
            of: ({ status, expiresAt }) => (status === 'open' ? <Time at={expiresAt} /> : null),
            wide: true,
          },
          {
            title: 'Actions',
            of: (proposal) =>
              proposal.status !== 'open' ? null : (
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  {mayDecide(proposal) && proposal.proposedBy !== session?.name && (
                    <Button
                      variant="subtle"
                      color="red"
                      size="compact-xs"
                      onClick={() => setDeciding({ proposal, by: 'approve' })}
                      aria-label={`Approve: ${words[proposal.operation]} ${proposal.name}`}
                    >
                      Approve
                    </Button>
                  )}
                  {(mayDecide(proposal) || proposal.proposedBy === session?.name) && (
                    <Button
                      variant="subtle"
                      size="compact-xs"
                      onClick={() => setDeciding({ proposal, by: 'withdraw' })}
                      aria-label={`Withdraw: ${words[proposal.operation]} ${proposal.name}`}
                    >
                      Withdraw
                    </Button>
                  )}
                </Group>
              ),
            right: true,
          },
        ]}
      />
      {deciding && (
        <Confirm
          opened
          close={() => setDeciding(undefined)}
          title={
            deciding.by === 'approve'
              ? `${words[deciding.proposal.operation]}: ${deciding.proposal.name}?`
              : `Withdraw the proposal about ${deciding.proposal.name}?`
          }
          consequence={
            deciding.by === 'approve'
              ? `${deciding.proposal.proposedBy} proposed it. It is carried out at once, as it was proposed, and cannot be undone. Both names stand in the audit trail.`
              : 'Nothing of it is carried out. Who wants it proposes it anew.'
          }
          action={deciding.by === 'approve' ? 'Approve and carry out' : 'Withdraw'}
          run={() =>
            call(deciding.by === 'approve' ? 'approveProposal' : 'withdrawProposal', { id: deciding.proposal.id })
          }
          done={() => {
            void queries.invalidateQueries();
            notifications.show({
              message: deciding.by === 'approve' ? 'Approved and carried out.' : 'The proposal is withdrawn.',
            });
          }}
        />
      )}
    </Page>
  );
}
