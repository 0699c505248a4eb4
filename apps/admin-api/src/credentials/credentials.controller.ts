import {
  deleteReceiverCredential,
  getReceiverCredential,
  listReceiverCredentials,
  putReceiverCredential,
} from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Param, Put, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, objectBody, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

/** Credentials that receiver channels of flows name by alias. What is secret in them goes in and never comes out. */
@Controller('v1/credentials')
export class CredentialsController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listReceiverCredentials, readPage(query));
  }

  @Get(':alias')
  get(@Param('alias') alias: string) {
    return this.requests.call(getReceiverCredential, { alias });
  }

  @Put(':alias')
  async put(
    @Param('alias') alias: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { credential, created, propagation } = await this.requests.call(putReceiverCredential, {
      alias,
      credential: objectBody(body),
      actor,
    });
    return answerChange(reply, created ? 201 : 200, { ...credential, propagation });
  }

  @Delete(':alias')
  async delete(@Param('alias') alias: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(deleteReceiverCredential, { alias, actor }));
  }
}
