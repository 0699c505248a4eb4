import {
  activateIssuingCa,
  getIssuingCa,
  listIssuingCas,
  prepareIssuingCa,
  retireIssuingCa,
  revokeIssuingCa,
} from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, objectBody, onlyMembers, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

@Controller('v1/issuing-cas')
export class IssuingCasController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listIssuingCas, readPage(query));
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.requests.call(getIssuingCa, { id });
  }

  /** Prepares the next one; `{"root": "new"}` below a new root. */
  @Post()
  async prepare(@Body() body: unknown, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const { root } = onlyMembers(objectBody(body ?? {}), ['root']);
    const { issuingCa, propagation } = await this.requests.call(prepareIssuingCa, { root, actor });
    return answerChange(reply, 201, { ...issuingCa, propagation });
  }

  @Post(':id/activate')
  async activate(@Param('id') id: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const { issuingCa, propagation } = await this.requests.call(activateIssuingCa, { id, actor });
    return answerChange(reply, 200, { ...issuingCa, propagation });
  }

  /** `?force=true` revokes the certificates that still live by it. */
  @Post(':id/retire')
  async retire(
    @Param('id') id: string,
    @Query('force') force: string | undefined,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { issuingCa, propagation } = await this.requests.call(retireIssuingCa, {
      id,
      force: force === 'true',
      actor,
    });
    return answerChange(reply, 200, { ...issuingCa, propagation });
  }

  @Post(':id/revoke')
  async revoke(
    @Param('id') id: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { reason } = onlyMembers(objectBody(body ?? {}), ['reason']);
    const { issuingCa, propagation } = await this.requests.call(revokeIssuingCa, { id, reason, actor });
    return answerChange(reply, 200, { ...issuingCa, propagation });
  }
}
