import { getMessageProcessingLog, listMessageProcessingLogs } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { readPage, type PageQuery } from '../http/answer.js';

interface MessageQuery extends PageQuery {
  readonly flow?: string;
  readonly status?: string;
  readonly since?: string;
}

@Controller('v1/message-processing-logs')
export class MessageProcessingLogsController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: MessageQuery) {
    const { flow, status, since } = query;
    return this.requests.call(listMessageProcessingLogs, { ...readPage(query), flow, status, since });
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.requests.call(getMessageProcessingLog, { id });
  }
}
