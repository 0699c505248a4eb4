import { configureRevocation, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';
import { findTrustedRootView } from '../view/revocation-view.js';
import { ConfigureRevocation } from './configure-revocation.js';

@Controller()
export class ConfigureRevocationHandler {
  constructor(
    private readonly useCase: ConfigureRevocation,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(configureRevocation)
  async handle(
    @Payload() request: DecodedRequestOf<typeof configureRevocation>,
  ): Promise<ResponseOf<typeof configureRevocation>> {
    const { value, propagation } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return { trustedRoot: await findTrustedRootView(this.dataSource.manager, value), propagation };
  }
}
