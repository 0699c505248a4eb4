import { createSubscriber, listSubscribers, revokeSubscriber } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Param, Post, Query, Res } from '@nestjs/common';
import { createUser } from '@nats-io/nkeys';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, objectBody, onlyMembers, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

@Controller('v1/subscribers')
export class SubscribersController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listSubscribers, readPage(query));
  }

  /**
   * With a public key of the subscriber's own nothing secret is made. Else the seed is in this answer and nowhere else: its
   * public key alone is kept.
   */
  @Post()
  async create(@Body() body: unknown, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const given = onlyMembers(objectBody(body), ['name', 'publicKey']);
    const pair = given['publicKey'] === undefined ? createUser() : undefined;
    const { subscriber, propagation } = await this.requests.call(createSubscriber, {
      name: given['name'],
      publicKey: pair ? pair.getPublicKey() : given['publicKey'],
      actor,
    });
    reply.header('cache-control', 'no-store');
    const seed = pair && new TextDecoder().decode(pair.getSeed());
    pair?.clear();
    return answerChange(reply, 201, { ...subscriber, ...(seed ? { seed } : {}), propagation });
  }

  @Delete(':id')
  async revoke(@Param('id') id: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(revokeSubscriber, { id, actor }));
  }
}
