import { listMessageProcessingLogs, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { invalidArgument, readTimestamp, unstorableTextFault, type FieldViolation } from '@sluice/domain';
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
    for (const field of ['flow', 'sender', 'correlationId'] as const) {
      const message = request[field] === undefined ? undefined : unstorableTextFault(request[field]);
      if (message !== undefined) faults.push({ field, message });
    }
    if (faults.length > 0) throw invalidArgument(faults);
    const { since, until } = request;
    return this.messages.list({ ...request, since: inUtc(since), until: inUtc(until) });
  }
}

/** A date means that of UTC, whatever the zone of the database. */
function inUtc(text: string | undefined): string | undefined {
  const time = text === undefined ? undefined : readTimestamp(text);
  return time === undefined ? undefined : new Date(time).toISOString();
}
