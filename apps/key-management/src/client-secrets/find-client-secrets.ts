import type { EntityManager } from 'typeorm';
import { ClientSecretRow } from './client-secret.entity.js';

/** The secrets of a key, the newest first. */
export function findClientSecrets(manager: EntityManager, serviceKeyId: string): Promise<ClientSecretRow[]> {
  return manager.find(ClientSecretRow, { where: { serviceKeyId }, order: { createdAt: 'DESC', id: 'DESC' } });
}
