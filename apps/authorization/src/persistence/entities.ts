import { AdminTokenRow, EnteredTokenRow } from '../admin-tokens/admin-token.entity.js';
import { SubscriberRow } from '../subscribers/subscriber.entity.js';
import { UserRoleRow } from '../user-roles/user-role.entity.js';

export const entities = [UserRoleRow, AdminTokenRow, EnteredTokenRow, SubscriberRow] as const;
export const schema = 'authorization';
