import {
  listMessageProcessingLogs,
  type DecodedRequestOf,
  type ResponseOf,
  getMessageProcessingLog,
  getMessageAttachment,
} from '@sluice/contracts';
import { invalidArgument, readTimestamp, unstorableTextFault, type FieldViolation, SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ReadMessages } from './read-messages.js';

/** A date means that of UTC, whatever the zone of the database. */
function inUtc(text: string | undefined): string | undefined {
  const time = text === undefined ? undefined : readTimestamp(text);
  return time === undefined ? undefined : new Date(time).toISOString();
}

@Controller()
export class MessagesController {
  constructor(private readonly readMessages: ReadMessages) {}

  @Handles(listMessageProcessingLogs)
  list(
    @Payload() request: DecodedRequestOf<typeof listMessageProcessingLogs>,
  ): Promise<ResponseOf<typeof listMessageProcessingLogs>> {
    const faults: FieldViolation[] = [];
    for (const field of ['flow', 'sender', 'correlationId'] as const) {
      const message = request[field] === undefined ? undefined : unstorableTextFault(request[field]);
      if (message !== undefined) faults.push({ field, message });
    }
    if (faults.length > 0) throw invalidArgument(faults);
    const { since, until } = request;
    return this.readMessages.list({ ...request, since: inUtc(since), until: inUtc(until) });
  }

  @Handles(getMessageProcessingLog)
  async get(
    @Payload() { id }: DecodedRequestOf<typeof getMessageProcessingLog>,
  ): Promise<ResponseOf<typeof getMessageProcessingLog>> {
    const entry = await this.readMessages.find(id);
    if (!entry) throw new SluiceError('not-found', `There is no message processing log ${id}.`);
    return entry;
  }

  @Handles(getMessageAttachment)
  async getAttachment(
    @Payload() { id, index }: DecodedRequestOf<typeof getMessageAttachment>,
  ): Promise<ResponseOf<typeof getMessageAttachment>> {
    const found = await this.readMessages.attachment(id, index);
    if (!found)
      throw new SluiceError(
        'not-found',
        `The message processing log ${id} has no attachment ${index}, or its content was not kept.`,
      );
    return { name: found.name, mediaType: found.mediaType, content: found.content.toString('base64') };
  }
}
