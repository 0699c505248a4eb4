import {
  createServiceInstance,
  createServiceKey,
  deleteServiceInstance,
  getServiceInstance,
  listServiceInstances,
  listServiceKeys,
  revokeServiceInstance,
  updateServiceInstance,
} from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, objectBody, onlyMembers, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

@Controller('v1/service-instances')
export class ServiceInstancesController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listServiceInstances, readPage(query));
  }

  @Post()
  async create(@Body() body: unknown, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const { name, plan, parameters } = onlyMembers(objectBody(body), ['name', 'plan', 'parameters']);
    const { serviceInstance, propagation } = await this.requests.call(createServiceInstance, {
      name,
      plan,
      parameters,
      actor,
    });
    return answerChange(reply, 201, { ...serviceInstance, propagation });
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.requests.call(getServiceInstance, { id });
  }

  @Patch(':id')
  async update(
    @Param('id') id: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { name, parameters } = onlyMembers(objectBody(body), ['name', 'parameters']);
    const { serviceInstance, propagation } = await this.requests.call(updateServiceInstance, {
      id,
      name,
      parameters,
      actor,
    });
    return answerChange(reply, 200, { ...serviceInstance, propagation });
  }

  /** `?force=true` ends the keys below it too. */
  @Delete(':id')
  async delete(
    @Param('id') id: string,
    @Query('force') force: string | undefined,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    return answerDeletion(
      reply,
      await this.requests.call(deleteServiceInstance, { id, force: force === 'true', actor }),
    );
  }

  /** Revokes every key of the instance, or none. */
  @Post(':id/revoke')
  async revoke(
    @Param('id') id: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { reason } = onlyMembers(objectBody(body ?? {}), ['reason']);
    return answerChange(reply, 200, await this.requests.call(revokeServiceInstance, { id, reason, actor }));
  }

  @Get(':id/service-keys')
  listKeys(@Param('id') serviceInstanceId: string, @Query() query: PageQuery) {
    return this.requests.call(listServiceKeys, { serviceInstanceId, ...readPage(query) });
  }

  @Post(':id/service-keys')
  async createKey(
    @Param('id') serviceInstanceId: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { name, parameters } = onlyMembers(objectBody(body), ['name', 'parameters']);
    const { serviceKey, warnings, propagation } = await this.requests.call(createServiceKey, {
      serviceInstanceId,
      name,
      parameters,
      actor,
    });
    reply.header('cache-control', 'no-store');
    return answerChange(reply, 201, { ...serviceKey, warnings, propagation });
  }
}
