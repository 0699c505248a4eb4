import { decide, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { Decide } from './decide.js';

@Controller()
export class DecisionsController {
  constructor(private readonly decide: Decide) {}

  @Handles(decide)
  async decideCall(@Payload() request: DecodedRequestOf<typeof decide>): Promise<ResponseOf<typeof decide>> {
    return this.decide.execute(request);
  }
}
