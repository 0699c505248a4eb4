import { statePrefixOf, type StateRecord } from '@sluice/contracts';
import type { DataSource } from 'typeorm';
import { findListsForRecord } from '../trusted-roots/find-trusted-root.js';
import { ClientSecretRow } from '../client-secrets/client-secret.entity.js';
import { toSecretRecord } from '../client-secrets/client-secret.record.js';
import { CertificateAuthorityRow } from '../issuing-cas/certificate-authority.entity.js';
import { CredentialRow } from '../service-keys/credential.entity.js';
import { ServiceInstanceRow } from '../service-instances/service-instance.entity.js';
import { ServiceKeyRow } from '../service-keys/service-key.entity.js';
import { TokenKeyRow } from '../token-keys/token-key.entity.js';
import { toTokenKeyRecord } from '../token-keys/token-key.record.js';
import { RevokedTokensRow } from '../tokens/revoked-tokens.entity.js';
import { toRevokedTokensRecord } from '../tokens/revoked-tokens.record.js';
import { TrustedRootRow } from '../trusted-roots/trusted-root.entity.js';
import { UnpinnedKeyRow } from '../service-keys/unpinned-key.entity.js';
import { toCaRecord } from '../issuing-cas/issuing-ca.record.js';
import { toCredentialRecord, toUnpinnedRecord } from '../service-keys/service-key.record.js';
import { toInstanceRecord } from '../service-instances/service-instance.record.js';
import { toRootRecord } from '../trusted-roots/trusted-root.record.js';

/** What stands under another key than Postgres could give it is nothing of this service's. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The record that stands under a key, as Postgres has it. @returns undefined when it has none, or it is another service's */
export function recordOf(dataSource: DataSource, key: string): Promise<StateRecord | undefined> {
  const prefix = statePrefixOf(key);
  const id = key.slice(`${prefix}.`.length);
  return dataSource.transaction('REPEATABLE READ', async (manager) => {
    switch (prefix) {
      case 'ca': {
        const row = uuid.test(id) ? await manager.findOneBy(CertificateAuthorityRow, { id }) : null;
        return row ? toCaRecord(row) : undefined;
      }
      case 'root': {
        const row = await manager.findOneBy(TrustedRootRow, { sha256: id });
        return row ? toRootRecord(row, await findListsForRecord(manager, id)) : undefined;
      }
      case 'instance': {
        const row = uuid.test(id) ? await manager.findOneBy(ServiceInstanceRow, { id }) : null;
        return row ? toInstanceRecord(row) : undefined;
      }
      case 'credential': {
        const row = await manager.findOneBy(CredentialRow, { sha256: id, pinned: true });
        const key = row && (await manager.findOneBy(ServiceKeyRow, { id: row.serviceKeyId }));
        return row && key ? toCredentialRecord(row, key) : undefined;
      }
      case 'secret': {
        const row = uuid.test(id) ? await manager.findOneBy(ClientSecretRow, { id }) : null;
        const key = row && (await manager.findOneBy(ServiceKeyRow, { id: row.serviceKeyId }));
        return row && key ? toSecretRecord(row, key) : undefined;
      }
      case 'token-key': {
        const row = await manager.findOneBy(TokenKeyRow, { kid: id });
        return row ? toTokenKeyRecord(row) : undefined;
      }
      case 'revoked-tokens': {
        const row = uuid.test(id) ? await manager.findOneBy(RevokedTokensRow, { serviceKeyId: id }) : null;
        return row ? toRevokedTokensRecord(row) : undefined;
      }
      case 'unpinned': {
        const row = await manager.findOneBy(UnpinnedKeyRow, { digest: id });
        const key = row && (await manager.findOneBy(ServiceKeyRow, { id: row.serviceKeyId }));
        return row && key ? toUnpinnedRecord(row, key) : undefined;
      }
      default:
        return undefined;
    }
  });
}
