import {
  addCertificateList,
  addTrustedRoot,
  configureRevocation,
  getTrustedRoot,
  listTrustedRoots,
  removeCertificateList,
  removeTrustedRoot,
} from '@sluice/contracts';
import { invalidArgument, SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Body, Controller, Delete, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion, objectBody, onlyMembers, readPage, type PageQuery } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';

type Who = { name: string };

/** What a CRL may be sent as besides JSON: DER, or PEM under the same name. */
export const certificateListMediaTypes = ['application/pkix-crl', 'application/x-pem-file'] as const;

@Controller('v1/trusted-roots')
export class TrustedRootsController {
  constructor(private readonly requests: RequestClient) {}

  @Get()
  list(@Query() query: PageQuery) {
    return this.requests.call(listTrustedRoots, readPage(query));
  }

  @Post()
  async add(@Body() body: unknown, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    const { pem } = onlyMembers(objectBody(body), ['pem']);
    const { trustedRoot, propagation, warnings } = await this.requests.call(addTrustedRoot, { pem, actor });
    return answerChange(reply, 201, { ...trustedRoot, propagation, ...(warnings ? { warnings } : {}) });
  }

  @Delete(':sha256')
  async remove(@Param('sha256') sha256: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(removeTrustedRoot, { sha256, actor }));
  }

  @Get(':sha256')
  get(@Param('sha256') sha256: string) {
    return this.requests.call(getTrustedRoot, { sha256 });
  }

  @Put(':sha256/revocation')
  async configure(
    @Param('sha256') sha256: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const policy = objectBody(body);
    const { trustedRoot, propagation } = await this.requests.call(configureRevocation, { sha256, policy, actor });
    return answerChange(reply, 200, { ...trustedRoot, propagation });
  }

  @Delete(':sha256/revocation')
  async unconfigure(@Param('sha256') sha256: string, @Actor() actor: Who, @Res({ passthrough: true }) reply: Reply) {
    return answerDeletion(reply, await this.requests.call(configureRevocation, { sha256, actor }));
  }

  @Post(':sha256/crls')
  async addList(
    @Param('sha256') sha256: string,
    @Body() body: unknown,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const content = readCertificateList(body).toString('base64');
    const { certificateList, propagation } = await this.requests.call(addCertificateList, { sha256, content, actor });
    return answerChange(reply, 201, { ...certificateList, propagation });
  }

  @Delete(':sha256/crls/:list')
  async removeList(
    @Param('sha256') sha256: string,
    @Param('list') list: string,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    return answerDeletion(reply, await this.requests.call(removeCertificateList, { sha256, list, actor }));
  }
}

function readCertificateList(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) {
    if (body.length > 0) return body;
    throw new SluiceError('certificate-list-refused', 'The body is empty: send the CRL in DER or PEM.');
  }
  const { pem } = onlyMembers(objectBody(body), ['pem']);
  if (typeof pem === 'string') return Buffer.from(pem);
  throw invalidArgument([
    { field: 'pem', message: `must be the CRL in PEM; or send it as ${certificateListMediaTypes.join(' or ')}` },
  ]);
}
