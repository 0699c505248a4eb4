import { resealKeys, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { ResealKeys } from './reseal-keys.js';

@Controller()
export class ResealKeysHandler {
  constructor(private readonly useCase: ResealKeys) {}

  @Handles(resealKeys)
  handle(): Promise<ResponseOf<typeof resealKeys>> {
    return this.useCase.execute();
  }
}
