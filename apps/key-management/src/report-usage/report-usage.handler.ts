import { reportUsage, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ReportUsage } from './report-usage.js';

@Controller()
export class ReportUsageHandler {
  constructor(private readonly useCase: ReportUsage) {}

  @Handles(reportUsage)
  async handle(@Payload() { used }: DecodedRequestOf<typeof reportUsage>): Promise<ResponseOf<typeof reportUsage>> {
    await this.useCase.execute(used);
    return {};
  }
}
