import type { ServiceKeyParameters } from '@sluice/contracts';
import type { KeyType } from '@sluice/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'service_key' })
export class ServiceKeyRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'uuid', name: 'service_instance_id' })
  serviceInstanceId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'key_type' })
  keyType!: KeyType;

  @Column({ type: 'jsonb' })
  parameters!: ServiceKeyParameters;

  @Column({ type: 'text' })
  status!: 'active' | 'revoked';

  /** Of the version before: secrets are rows of their own now. Nothing reads it, and the next minor version drops it. */
  @Column({ type: 'text', name: 'secret_hash', nullable: true })
  secretHash!: string | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;
}
