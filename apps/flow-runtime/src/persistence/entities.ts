import { addressSchema, failedDeploymentSchema, flowSchema } from '../flows/flow.entity.js';
import { receiverCredentialSchema } from '../receiver-credentials/receiver-credential.entity.js';

export const entities = [flowSchema, addressSchema, failedDeploymentSchema, receiverCredentialSchema] as const;
export const schema = 'flow_runtime';
