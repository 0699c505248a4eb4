import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decisionIdHeader, messageIdHeader } from '../listeners/problem-response.js';
import { writeReply } from './write-reply.js';

describe('attack 44: a header of ours in the reply of a flow', () => {
  let server: Server;
  let replyHeaders: Record<string, string> = {};

  beforeAll(async () => {
    server = createServer((incoming, response) => {
      response.setHeader(decisionIdHeader, 'ours');
      writeReply(incoming, response, { status: 200, headers: replyHeaders, body: 'body' }, 'our-message');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  async function receive(headers: Record<string, string>): Promise<IncomingMessage> {
    replyHeaders = headers;
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent: false }, (answer) => resolve(answer.resume()))
        .on('error', reject)
        .end();
    });
  }

  it.each([
    'Sluice-Decision-Id',
    'sluice-decision-id',
    'SLUICE-DECISION-ID',
    'Sluice_Decision_Id',
    'Sluice-Anything-To-Come',
    'SAP_MessageProcessingLogID',
    'sap_messageprocessinglogid',
    'X-CSRF-Token',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
  ])('%s is not sent', async (name) => {
    const { rawHeaders, headers } = await receive({ [name]: 'forged', 'X-Own': 'kept' });
    expect(rawHeaders).not.toContain('forged');
    expect(headers['x-own']).toBe('kept');
    expect(headers[decisionIdHeader.toLowerCase()]).toBe('ours');
    expect(headers[messageIdHeader.toLowerCase()]).toBe('our-message');
  });
});
