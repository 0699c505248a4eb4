import { resignRecords, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ResignRecords } from './resign-records.js';

@Controller()
export class ResignRecordsHandler {
  constructor(private readonly useCase: ResignRecords) {}

  @Handles(resignRecords)
  handle(@Payload() { after }: DecodedRequestOf<typeof resignRecords>): Promise<ResponseOf<typeof resignRecords>> {
    return this.useCase.execute(after);
  }
}
