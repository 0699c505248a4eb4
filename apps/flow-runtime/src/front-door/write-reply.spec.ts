import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@sluice/testing';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
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

describe('a large reply', () => {
  // More than the buffers of two sockets take.
  const body = Buffer.alloc(48 * 1_048_576, 'a piece of eleven and more ');
  let response: ServerResponse | undefined;
  let server: Server;

  beforeAll(async () => {
    server = createServer((incoming, answer) => {
      response = answer;
      writeReply(incoming, answer, { status: 200, headers: {}, body }, 'id');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  const ask = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      request({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject).end();
    });

  it('arrives whole, with its length', async () => {
    const answer = await ask();
    expect(answer.headers['content-length']).toBe(String(body.length));
    expect(Buffer.concat(await answer.toArray()).equals(body)).toBe(true);
  });

  it('waits for its reader in pieces, and goes on when it reads again', async () => {
    const answer = await ask();
    let waiting = 0;
    await until(
      () => {
        const before = waiting;
        waiting = response?.writableLength ?? 0;
        return waiting > 0 && waiting === before;
      },
      { what: 'a reply that waits' },
    );
    expect(waiting).toBeLessThan(1_048_576);
    expect(Buffer.concat(await answer.toArray()).equals(body)).toBe(true);
  });
});
