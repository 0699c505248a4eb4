import { getMessageProcessingLog, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ReadMessages } from '../record-message/read-messages.js';

@Controller()
export class GetMessageProcessingLogHandler {
  constructor(private readonly messages: ReadMessages) {}

  @Handles(getMessageProcessingLog)
  async handle(
    @Payload() { id }: DecodedRequestOf<typeof getMessageProcessingLog>,
  ): Promise<ResponseOf<typeof getMessageProcessingLog>> {
    const entry = await this.messages.find(id);
    if (!entry) throw new SluiceError('not-found', `There is no message processing log ${id}.`);
    return entry;
  }
}
