import {
  checkArtifact,
  checkFlow,
  deployFlow,
  importFlows,
  importPackage,
  putFlow,
  type RequestOf,
} from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Headers, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerTagged } from '../http/answer.js';
import { Given } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';
import { readArtifact } from './read-artifact.js';

type Who = { name: string };

@Controller()
export class FlowsController {
  constructor(private readonly requests: RequestClient) {}

  @Serves(putFlow)
  async deploy(
    @Given() given: Pick<RequestOf<typeof deployFlow>, 'id' | 'ifMatch' | 'ifNoneMatch'>,
    @Headers('content-type') contentType: string | undefined,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const artifact = await readArtifact(contentType, body);
    const { flow, created, propagation, etag } = await this.requests.call(deployFlow, {
      ...given,
      ...artifact,
      actor,
    });
    return answerChange(reply, created ? 201 : 200, answerTagged(reply, { ...flow, propagation, etag }));
  }

  /** What a deployment would say; a verdict of refusal is an answer, not an error. */
  @Serves(checkArtifact)
  async check(
    @Headers('content-type') contentType: string | undefined,
    @Body() body: unknown,
    @Given() { id }: { readonly id?: string },
  ) {
    const artifact = await readArtifact(contentType, body);
    return this.requests.call(checkFlow, { ...artifact, ...(id === undefined ? {} : { id }) });
  }

  @Serves(importPackage)
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
}
