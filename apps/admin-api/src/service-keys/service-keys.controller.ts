import {
  deleteServiceKey,
  getServiceKey,
  revokeCertificate,
  revokeServiceKey,
  rotateServiceKey,
} from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Param, Post, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, objectBody, onlyMembers } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

@Controller('v1/service-keys')
export class ServiceKeysController {
  constructor(private readonly requests: RequestClient) {}

  @Get(':id')
  get(@Param('id') id: string) {
    return this.requests.call(getServiceKey, { id });
  }

  @Delete(':id')
  async delete(@Param('id') id: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(deleteServiceKey, { id, actor }));
  }

  @Post(':id/rotate')
  async rotate(
    @Param('id') id: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const rotation = onlyMembers(objectBody(body ?? {}), [
      'overlapSeconds',
      'retireAfterUnusedDays',
      'certificate-request',
      'X.509',
    ]);
    const { serviceKey, warnings, propagation } = await this.requests.call(rotateServiceKey, {
      ...rotation,
      id,
      actor,
    });
    reply.header('cache-control', 'no-store');
    return answerChange(reply, 200, { ...serviceKey, warnings, propagation });
  }

  @Post(':id/revoke')
  async revoke(
    @Param('id') id: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { reason } = onlyMembers(objectBody(body ?? {}), ['reason']);
    const { serviceKey, propagation } = await this.requests.call(revokeServiceKey, { id, reason, actor });
    return answerChange(reply, 200, { ...serviceKey, propagation });
  }

  /** Ends one certificate of the key; the key lives on with its others. */
  @Post(':id/certificates/:sha256/revoke')
  async revokeCertificate(
    @Param('id') id: string,
    @Param('sha256') sha256: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { reason } = onlyMembers(objectBody(body ?? {}), ['reason']);
    const { serviceKey, propagation } = await this.requests.call(revokeCertificate, { id, sha256, reason, actor });
    return answerChange(reply, 200, { ...serviceKey, propagation });
  }
}
