import { addTrustedRoot, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { toTrustedRootView } from '../view/trusted-root-view.js';
import { DataSource } from 'typeorm';
import { AddTrustedRoot } from './add-trusted-root.js';
import { warnOfNames } from './warn-of-names.js';

@Controller()
export class AddTrustedRootHandler {
  constructor(
    private readonly useCase: AddTrustedRoot,
    private readonly dataSource: DataSource,
  ) {}

  @Handles(addTrustedRoot)
  async handle(
    @Payload() request: DecodedRequestOf<typeof addTrustedRoot>,
  ): Promise<ResponseOf<typeof addTrustedRoot>> {
    const { value, propagation, warnings } = await this.useCase.execute({ ...request, actor: request.actor.name });
    return {
      trustedRoot: toTrustedRootView(value.certificate, 'administrator', value.addedAt),
      warnings: [...warnings, ...(await warnOfNames(this.dataSource))],
      propagation,
    };
  }
}
