import { AddressRow, FailedDeploymentRow, FlowRow } from '../flows/flow.entity.js';
import { ReceiverCredentialRow } from '../receiver-credentials/receiver-credential.entity.js';

export const entities = [FlowRow, AddressRow, FailedDeploymentRow, ReceiverCredentialRow] as const;
export const schema = 'flow_runtime';
