import { getMessageAttachment, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ReadMessages } from '../record-message/read-messages.js';

@Controller()
export class GetMessageAttachmentHandler {
  constructor(private readonly messages: ReadMessages) {}

  @Handles(getMessageAttachment)
  async handle(
    @Payload() { id, index }: DecodedRequestOf<typeof getMessageAttachment>,
  ): Promise<ResponseOf<typeof getMessageAttachment>> {
    const found = await this.messages.attachment(id, index);
    if (!found)
      throw new SluiceError(
        'not-found',
        `The message processing log ${id} has no attachment ${index}, or its content was not kept.`,
      );
    return { name: found.name, mediaType: found.mediaType, content: found.content.toString('base64') };
  }
}
