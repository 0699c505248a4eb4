import {
  addCertificateList,
  configureRevocation,
  removeRevocation,
  uploadCertificateList,
  type RequestOf,
} from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller, Req, Res } from '@nestjs/common';
import { Actor } from '../http/administrator.js';
import { answerChange, answerDeletion } from '../http/answer.js';
import { Given, readJsonBody, type IncomingRequest } from '../http/given.js';
import type { Reply } from '../http/problem-filter.js';
import { Serves } from '../http/serves.js';

type Who = { name: string };

/** What of trusted roots is not passed on as it came. */
@Controller()
export class TrustedRootsController {
  constructor(private readonly requests: RequestClient) {}

  @Serves(removeRevocation)
  async unconfigure(
    @Given() given: Pick<RequestOf<typeof configureRevocation>, 'sha256' | 'ifMatch'>,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    return answerDeletion(reply, await this.requests.call(configureRevocation, { ...given, actor }));
  }

  @Serves(uploadCertificateList)
  async addList(
    @Given() given: Pick<RequestOf<typeof addCertificateList>, 'sha256' | 'idempotencyKey'>,
    @Req() request: IncomingRequest,
    @Actor() actor: Who,
    @Res({ passthrough: true }) reply: Reply,
  ) {
    const content = readCertificateList(request).toString('base64');
    const { certificateList, propagation } = await this.requests.call(addCertificateList, { ...given, content, actor });
    return answerChange(reply, 201, { ...certificateList, propagation });
  }
}

function readCertificateList(request: IncomingRequest): Buffer {
  const { body } = request;
  if (Buffer.isBuffer(body)) {
    if (body.length > 0) return body;
    throw new SluiceError('certificate-list-refused', 'The body is empty: send the CRL in DER or PEM.');
  }
  const { pem } = readJsonBody(request, uploadCertificateList) as { pem: string };
  return Buffer.from(pem);
}
