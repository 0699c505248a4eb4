import { getMessageAttachment, getMessageProcessingLog, listMessageProcessingLogs } from '@sluice/contracts';
import { invalidArgument } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

interface MessageQuery extends PageQuery {
  readonly flow?: string;
  readonly status?: string;
  readonly since?: string;
  readonly until?: string;
  readonly sender?: string;
  readonly correlationId?: string;
}

@Controller('v1/message-processing-logs')
export class MessageProcessingLogsController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: MessageQuery) {
    const { flow, status, since, until, sender, correlationId } = query;
    return this.requests.call(listMessageProcessingLogs, {
      ...readPage(query),
      flow,
      status,
      since,
      until,
      sender,
      correlationId,
    });
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.requests.call(getMessageProcessingLog, { id });
  }

  /** As a download, whatever it is: a flow chose its name and type, and a browser is not to run it. */
  @Get(':id/attachments/:index')
  async attachment(
    @Param('id') id: string,
    @Param('index') index: string,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Buffer> {
    if (!/^\d{1,6}$/.test(index)) throw invalidArgument([{ field: 'index', message: 'must be a whole number' }]);
    const { name, content } = await this.requests.call(getMessageAttachment, { id, index: Number(index) });
    reply.header('content-type', 'application/octet-stream');
    reply.header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
    reply.header('x-content-type-options', 'nosniff');
    return Buffer.from(content, 'base64');
  }
}
