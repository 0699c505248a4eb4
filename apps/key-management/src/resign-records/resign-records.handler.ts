import { resignRecords, type RequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { ResignRecords } from './resign-records.js';

@Controller()
export class ResignRecordsHandler {
  constructor(private readonly useCase: ResignRecords) {}

  @Handles(resignRecords)
  handle({ after }: RequestOf<typeof resignRecords>): Promise<ResponseOf<typeof resignRecords>> {
    return this.useCase.execute(after);
  }
}
