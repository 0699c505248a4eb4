import { listMessageProcessingLogs, messageStatuses, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { invalidArgument, type FieldViolation } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ReadMessages } from '../record-message/read-messages.js';

@Controller()
export class ListMessageProcessingLogsHandler {
  constructor(private readonly messages: ReadMessages) {}

  @Handles(listMessageProcessingLogs)
  handle(
    @Payload() request: DecodedRequestOf<typeof listMessageProcessingLogs>,
  ): Promise<ResponseOf<typeof listMessageProcessingLogs>> {
    const faults: FieldViolation[] = [];
    if (request.status !== undefined && !messageStatuses.includes(request.status as 'COMPLETED')) {
      faults.push({ field: 'status', message: `must be one of ${messageStatuses.join(', ')}` });
    }
    if (request.since !== undefined && Number.isNaN(Date.parse(request.since))) {
      faults.push({ field: 'since', message: 'must be a time in ISO 8601' });
    }
    if (faults.length > 0) throw invalidArgument(faults);
    return this.messages.list(request);
  }
}
