import { AddRevocationSources1764100000001 } from './add-revocation-sources.migration.js';
import { AuditTrail1764400000000 } from './audit-trail.migration.js';
import { CreateTables1764000000000 } from './create-tables.migration.js';
import { IndexLivingCredentials1764300100000 } from './index-living-credentials.migration.js';
import { KeepAcknowledgements1796000000000 } from './keep-acknowledgements.migration.js';
import { KeyLifecycle1764300000000 } from './key-lifecycle.migration.js';

/** In the order they are run. */
export const migrations = [
  CreateTables1764000000000,
  AddRevocationSources1764100000001,
  KeyLifecycle1764300000000,
  IndexLivingCredentials1764300100000,
  AuditTrail1764400000000,
  KeepAcknowledgements1796000000000,
] as const;
