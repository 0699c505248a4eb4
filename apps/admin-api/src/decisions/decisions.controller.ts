import { getDecision } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, Get, Param } from '@nestjs/common';

@Controller('v1/decisions')
export class DecisionsController {
  constructor(private readonly requests: RequestClient) {}

  @Get(':id')
  get(@Param('id') id: string) {
    return this.requests.call(getDecision, { id });
  }
}
