import {
  createServiceInstance,
  type DecodedRequestOf,
  type ResponseOf,
  listServiceInstances,
  getServiceInstance,
  updateServiceInstance,
  revokeServiceInstance,
  deleteServiceInstance,
  listRoleHolders,
} from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { serviceInstanceTag } from './service-instance.tag.js';
import { toServiceInstanceView } from './service-instance.view.js';
import { CreateServiceInstance } from './create-service-instance.js';
import { IdempotentAnswers, pageOf } from '@sluice/service-shell';
import { DataSource, MoreThan } from 'typeorm';
import { ServiceInstanceRow } from './service-instance.entity.js';
import { findServiceInstance } from './find-service-instance.js';
import { UpdateServiceInstance } from './update-service-instance.js';
import { toServiceKeyView } from '../service-keys/service-key.view.js';
import { RevokeServiceInstance } from './revoke-service-instance.js';
import { DeleteServiceInstance } from './delete-service-instance.js';

@Controller()
export class ServiceInstancesController {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly createServiceInstance: CreateServiceInstance,
    private readonly dataSource: DataSource,
    private readonly updateServiceInstance: UpdateServiceInstance,
    private readonly revokeServiceInstance: RevokeServiceInstance,
    private readonly deleteServiceInstance: DeleteServiceInstance,
  ) {}

  @Handles(createServiceInstance)
  async create(
    @Payload() request: DecodedRequestOf<typeof createServiceInstance>,
  ): Promise<ResponseOf<typeof createServiceInstance>> {
    return this.answers.once(createServiceInstance, request, {
      execute: () => this.createServiceInstance.execute({ ...request, actor: request.actor.name }),
      answer: (row) => ({ serviceInstance: toServiceInstanceView(row), etag: serviceInstanceTag(row) }),
    });
  }

  /** In the order of names. */
  @Handles(listServiceInstances)
  async list(
    @Payload() request: DecodedRequestOf<typeof listServiceInstances>,
  ): Promise<ResponseOf<typeof listServiceInstances>> {
    const { rows, ...end } = await pageOf(listServiceInstances, request, {
      load: (after, take) =>
        this.dataSource.manager.find(ServiceInstanceRow, {
          ...(after === undefined ? {} : { where: { name: MoreThan(after) } }),
          order: { name: 'ASC' },
          take,
        }),
      position: (row) => row.name,
    });
    return { items: rows.map(toServiceInstanceView), ...end };
  }

  @Handles(getServiceInstance)
  async get(
    @Payload() { id }: DecodedRequestOf<typeof getServiceInstance>,
  ): Promise<ResponseOf<typeof getServiceInstance>> {
    const row = await findServiceInstance(this.dataSource.manager, id);
    return { ...toServiceInstanceView(row), etag: serviceInstanceTag(row) };
  }

  @Handles(updateServiceInstance)
  async update(
    @Payload() request: DecodedRequestOf<typeof updateServiceInstance>,
  ): Promise<ResponseOf<typeof updateServiceInstance>> {
    const { value, propagation } = await this.updateServiceInstance.execute({ ...request, actor: request.actor.name });
    return { serviceInstance: toServiceInstanceView(value), etag: serviceInstanceTag(value), propagation };
  }

  @Handles(revokeServiceInstance)
  async revoke(
    @Payload() request: DecodedRequestOf<typeof revokeServiceInstance>,
  ): Promise<ResponseOf<typeof revokeServiceInstance>> {
    const { value, propagation } = await this.revokeServiceInstance.execute({ ...request, actor: request.actor.name });
    const now = Date.now();
    return {
      serviceKeys: value.map(({ key, held, secrets }) => toServiceKeyView(key, held, secrets, now)),
      propagation,
    };
  }

  @Handles(deleteServiceInstance)
  async delete(
    @Payload() request: DecodedRequestOf<typeof deleteServiceInstance>,
  ): Promise<ResponseOf<typeof deleteServiceInstance>> {
    const { propagation } = await this.deleteServiceInstance.execute({ ...request, actor: request.actor.name });
    return { propagation };
  }

  @Handles(listRoleHolders)
  async listRoleHolders(
    @Payload() { role }: DecodedRequestOf<typeof listRoleHolders>,
  ): Promise<ResponseOf<typeof listRoleHolders>> {
    const rows = await this.dataSource.manager
      .createQueryBuilder(ServiceInstanceRow, 'instance')
      .where(`instance.parameters -> 'roles' @> :role::jsonb`, { role: JSON.stringify([role]) })
      .orderBy('instance.name')
      .limit(1_000)
      .getMany();
    return { serviceInstances: rows.map(({ id, name }) => ({ id, name })) };
  }
}
