import { verifyAccess, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { VerifyAccess } from './verify-access.js';

@Controller()
export class VerifyAccessController {
  constructor(private readonly useCase: VerifyAccess) {}

  @Handles(verifyAccess)
  handle(@Payload() request: DecodedRequestOf<typeof verifyAccess>): Promise<ResponseOf<typeof verifyAccess>> {
    return this.useCase.execute(request);
  }
}
