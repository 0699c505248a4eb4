import type { KeyType, ServiceKeyParameters } from '@sluice/domain';
import { EntitySchema } from 'typeorm';
import { timestamp } from '../persistence/timestamp.js';

export interface ServiceKeyRow {
  id: string;
  serviceInstanceId: string;
  name: string;
  keyType: KeyType;
  parameters: ServiceKeyParameters;
  status: 'active' | 'revoked';
  /** scrypt, for keys of type `client_secret`. */
  secretHash: string | null;
  createdAt: Date;
  updatedAt: Date;
}

export const serviceKeySchema = new EntitySchema<ServiceKeyRow>({
  name: 'service_key',
  columns: {
    id: { type: 'uuid', primary: true },
    serviceInstanceId: { type: 'uuid', name: 'service_instance_id' },
    name: { type: 'text' },
    keyType: { type: 'text', name: 'key_type' },
    parameters: { type: 'jsonb' },
    status: { type: 'text' },
    secretHash: { type: 'text', name: 'secret_hash', nullable: true },
    createdAt: { ...timestamp, name: 'created_at' },
    updatedAt: { ...timestamp, name: 'updated_at' },
  },
});
