import type { Plan, ServiceInstanceParameters } from '@sluice/domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Rows of the schema `key_management`. `version` is that of the row's state record. */
@Entity({ name: 'service_instance' })
export class ServiceInstanceRow {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  plan!: Plan;

  @Column({ type: 'jsonb' })
  parameters!: ServiceInstanceParameters;

  @Column({ type: 'bigint' })
  version!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;
}
