import { deployFlow, getFlow, listFlows, undeployFlow } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Headers, Param, Put, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

/** What a flow may be sent as; the names other programs use for the same are accepted. */
export const flowMediaTypes: Readonly<Record<string, string>> = {
  'application/yaml': 'application/yaml',
  'application/x-yaml': 'application/yaml',
  'text/yaml': 'application/yaml',
  'application/json': 'application/json',
  'application/xml': 'application/xml',
  'text/xml': 'application/xml',
  'application/zip': 'application/zip',
};

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
    const mediaType = flowMediaTypes[(contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''];
    if (!mediaType) {
      throw new SluiceError(
        'unsupported-media-type',
        `Send the flow with a content type: ${Object.keys(flowMediaTypes).join(', ')}.`,
      );
    }
    const content = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body ?? {}));
    const deployed = await this.requests.call(deployFlow, {
      id,
      mediaType,
      content: content.toString('base64'),
      actor,
    });
    return answerChange(reply, deployed.created ? 201 : 200, { ...deployed.flow, propagation: deployed.propagation });
  }

  @Delete(':id')
  async undeploy(@Param('id') id: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(undeployFlow, { id, actor }));
  }
}
