import { adminTokenSchema } from '../admin-tokens/admin-token.entity.js';
import { subscriberSchema } from '../subscribers/subscriber.entity.js';
import { userRoleSchema } from '../user-roles/user-role.entity.js';

export const entities = [userRoleSchema, adminTokenSchema, subscriberSchema] as const;
export const schema = 'authorization';
