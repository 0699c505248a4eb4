import { getServiceInstance, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { findServiceInstance } from '../persistence/find-rows.js';
import { toServiceInstanceView } from '../view/service-instance-view.js';

@Controller()
export class GetServiceInstanceHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(getServiceInstance)
  async handle(
    @Payload() { id }: DecodedRequestOf<typeof getServiceInstance>,
  ): Promise<ResponseOf<typeof getServiceInstance>> {
    return toServiceInstanceView(await findServiceInstance(this.dataSource.manager, id));
  }
}
