import { downloadMessageAttachment, getMessageAttachment } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, Res } from '@nestjs/common';
import { Given } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';

@Controller()
export class MessageProcessingLogsController {
  constructor(private readonly requests: RequestClient) {}

  /** As a download, whatever it is: a flow chose its name and type, and a browser is not to run it. */
  @Serves(downloadMessageAttachment)
  async attachment(
    @Given() { id, index }: { id: string; index: string },
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Buffer> {
    const { name, content } = await this.requests.call(getMessageAttachment, { id, index: Number(index) });
    reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
    reply.header('x-content-type-options', 'nosniff');
    return Buffer.from(content, 'base64');
  }
}
