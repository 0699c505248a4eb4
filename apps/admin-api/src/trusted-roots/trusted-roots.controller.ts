import { addTrustedRoot, listTrustedRoots, removeTrustedRoot } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Param, Post, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, objectBody, onlyMembers, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

@Controller('v1/trusted-roots')
export class TrustedRootsController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listTrustedRoots, readPage(query));
  }

  @Post()
  async add(@Body() body: unknown, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const { pem } = onlyMembers(objectBody(body), ['pem']);
    const { trustedRoot, propagation } = await this.requests.call(addTrustedRoot, { pem, actor });
    return answerChange(reply, 201, { ...trustedRoot, propagation });
  }

  @Delete(':sha256')
  async remove(@Param('sha256') sha256: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(removeTrustedRoot, { sha256, actor }));
  }
}
