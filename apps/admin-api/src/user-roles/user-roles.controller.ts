import { createUserRole, deleteUserRole, listUserRoles, updateUserRole } from '@sluice/contracts';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, objectBody, onlyMembers, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

@Controller('v1/user-roles')
export class UserRolesController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listUserRoles, readPage(query));
  }

  @Post()
  async create(@Body() body: unknown, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const { name, description } = onlyMembers(objectBody(body), ['name', 'description']);
    const { userRole, propagation } = await this.requests.call(createUserRole, { name, description, actor });
    return answerChange(reply, 201, { ...userRole, propagation });
  }

  @Patch(':name')
  async update(
    @Param('name') name: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { description } = onlyMembers(objectBody(body), ['description']);
    const { userRole, propagation } = await this.requests.call(updateUserRole, { name, description, actor });
    return answerChange(reply, 200, { ...userRole, propagation });
  }

  @Delete(':name')
  async delete(@Param('name') name: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(deleteUserRole, { name, actor }));
  }
}
