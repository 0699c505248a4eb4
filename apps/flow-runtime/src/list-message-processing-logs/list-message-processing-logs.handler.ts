import { listMessageProcessingLogs, messageStatuses, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { invalidArgument, type FieldViolation } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { isCursor, ReadMessages } from '../record-message/read-messages.js';

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
    for (const field of ['since', 'until'] as const) {
      if (request[field] !== undefined && Number.isNaN(Date.parse(request[field])))
        faults.push({ field, message: 'must be a time in ISO 8601' });
    }
    if (request.after !== undefined && !isCursor(request.after))
      faults.push({ field: 'after', message: 'must be the `next` of the page before' });
    if (faults.length > 0) throw invalidArgument(faults);
    return this.messages.list(request);
  }
}
