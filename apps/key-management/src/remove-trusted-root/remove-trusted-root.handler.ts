import { removeTrustedRoot, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { RemoveTrustedRoot } from './remove-trusted-root.js';

@Controller()
export class RemoveTrustedRootHandler {
  constructor(private readonly useCase: RemoveTrustedRoot) {}

  @Handles(removeTrustedRoot)
  async handle(
    @Payload() { sha256, actor }: DecodedRequestOf<typeof removeTrustedRoot>,
  ): Promise<ResponseOf<typeof removeTrustedRoot>> {
    const { propagation } = await this.useCase.execute({ sha256, actor: actor.name });
    return { propagation };
  }
}
