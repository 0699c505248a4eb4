import { createAdminToken, listAdminTokens, revokeAdminToken } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { createHash, randomBytes } from 'node:crypto';
import { Actor } from '../http/administrator.js';
import { objectBody, onlyMembers, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

@Controller('v1/admin-tokens')
export class AdminTokensController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listAdminTokens, readPage(query));
  }

  /** The token is in this answer and nowhere else: its hash alone is kept. */
  @Post()
  async create(@Body() body: unknown, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const { name } = onlyMembers(objectBody(body), ['name']);
    const token = `slu_${randomBytes(32).toString('base64url')}`;
    const tokenSha256 = createHash('sha256').update(token).digest('hex');
    const { adminToken } = await this.requests.call(createAdminToken, { name, tokenSha256, actor });
    reply.status(201).header('cache-control', 'no-store');
    return { ...adminToken, token };
  }

  @Delete(':name')
  @HttpCode(204)
  async revoke(@Param('name') name: string, @Actor() actor: Who) {
    await this.requests.call(revokeAdminToken, { name, actor });
  }
}
