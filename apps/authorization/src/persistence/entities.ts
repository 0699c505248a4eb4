import { AdminSessionRow } from '../admin-sessions/admin-session.entity.js';
import { AdminTokenRow, EnteredTokenRow } from '../admin-tokens/admin-token.entity.js';
import { PersonSessionRow } from '../people/person-session.entity.js';
import { PersonRow } from '../people/person.entity.js';
import { SubscriberRow } from '../subscribers/subscriber.entity.js';
import { UserRoleRow } from '../user-roles/user-role.entity.js';

export const entities = [
  UserRoleRow,
  AdminTokenRow,
  EnteredTokenRow,
  AdminSessionRow,
  PersonRow,
  PersonSessionRow,
  SubscriberRow,
] as const;
export const schema = 'authorization';
