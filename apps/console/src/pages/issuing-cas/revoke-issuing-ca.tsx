import { Select, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { call, type Input } from '../../api/admin-api.ts';
import { Confirm } from '../../design/confirm.tsx';
import { revocationReasons } from '../service-keys/revocation-reasons.ts';
import { commonNameOf } from '../../words/common-name.ts';
import type { IssuingCa } from './issuing-cas.tsx';

/** It ends every key below the CA at once, so its name has to be typed. */
export function RevokeIssuingCa({ ca, close }: { readonly ca: IssuingCa; readonly close: () => void }): ReactElement {
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('unspecified');
  const queries = useQueryClient();
  const name = commonNameOf(ca.subject);
  return (
    <Confirm
      opened
      close={close}
      title={`Revoke ${ca.subject}?`}
      consequence={`It is revoked for good, and with it every certificate below it: ${ca.usableCertificates} of service keys are usable now, and their senders are refused from the next request on, until each has a new one. ${ca.status === 'active' ? 'A successor is made and issues at once. ' : ''}To replace a CA without refusing anybody, rotate it instead.`}
      action="Revoke for good"
      ready={typed === name}
      run={() => call('revokeIssuingCa', { id: ca.id, reason: reason as Input<'revokeIssuingCa'>['reason'] })}
      done={() => {
        void queries.invalidateQueries();
        notifications.show({ message: `${ca.subject} is revoked, with every certificate below it.` });
      }}
    >
      <Select
        label="Reason"
        description="RFC 5280 §5.3.1"
        data={[...revocationReasons, 'cACompromise']}
        value={reason}
        onChange={(chosen) => setReason(chosen ?? 'unspecified')}
        allowDeselect={false}
      />
      <TextInput
        label={`Type ${name} to go on`}
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </Confirm>
  );
}
