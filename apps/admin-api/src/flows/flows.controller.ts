import { checkFlow, deployFlow, getFlow, importFlows, listFlows, undeployFlow } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';
import { readArtifact } from './read-artifact.js';

type Who = { name: string };

@Controller('v1/flows')
export class FlowsController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listFlows, readPage(query));
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.requests.call(getFlow, { id });
  }

  @Put(':id')
  async deploy(
    @Param('id') id: string,
    @Headers('content-type') contentType: string | undefined,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const artifact = await readArtifact(contentType, body);
    const deployed = await this.requests.call(deployFlow, { id, ...artifact, actor });
    return answerChange(reply, deployed.created ? 201 : 200, { ...deployed.flow, propagation: deployed.propagation });
  }

  /** What a deployment would say; a verdict of refusal is an answer, not an error. */
  @Post('check')
  @HttpCode(200)
  async check(
    @Headers('content-type') contentType: string | undefined,
    @Body() body: unknown,
    @Query() { id }: { readonly id?: string },
  ) {
    const artifact = await readArtifact(contentType, body);
    return this.requests.call(checkFlow, { ...artifact, ...(id === undefined ? {} : { id }) });
  }

  @Post('import')
  async import(
    @Headers('content-type') contentType: string | undefined,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const { mediaType, ...artifact } = await readArtifact(contentType, body);
    if (mediaType !== 'application/zip') {
      throw new SluiceError('unsupported-media-type', 'A package is imported as application/zip.');
    }
    return answerChange(reply, 200, await this.requests.call(importFlows, { ...artifact, actor }));
  }

  @Delete(':id')
  async undeploy(@Param('id') id: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(undeployFlow, { id, actor }));
  }
}
