import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, request, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { respondWithProblem } from './problem-response.js';

describe('an answer with a problem', () => {
  let server: Server;
  let respond: (response: ServerResponse) => void = () => undefined;

  beforeAll(async () => {
    server = createServer((_incoming, response) => respond(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  async function receive(
    answer: (response: ServerResponse) => void,
  ): Promise<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }> {
    respond = answer;
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent: false, headers: { connection: 'keep-alive' } }, (incoming) => {
        let body = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (part: string) => (body += part));
        incoming.on('error', reject);
        incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  it('is a problem document that nobody keeps', async () => {
    const { status, headers, body } = await receive((response) =>
      respondWithProblem(response, 403, { detail: 'é', decisionId: 'd' }),
    );
    expect([status, headers['content-type'], headers['cache-control'], headers['sluice-decision-id']]).toEqual([
      403,
      'application/problem+json',
      'no-store',
      'd',
    ]);
    // The length is that of the octets.
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body));
    expect(JSON.parse(body)).toEqual({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: 'é',
      decisionId: 'd',
    });
  });

  it('to one unknown caller is the same as to another but for the id', async () => {
    const [first, second] = [
      await receive((response) => respondWithProblem(response, 401, { decisionId: 'aaaa' })),
      await receive((response) => respondWithProblem(response, 401, { decisionId: 'bbbb' })),
    ];
    expect(first.body.replace('aaaa', 'bbbb')).toBe(second.body);
    const headersOf = ({ headers }: typeof first) => ({ ...headers, date: '', 'sluice-decision-id': '' });
    expect(headersOf(first)).toEqual(headersOf(second));
  });

  it('says when to come again where it is for the moment only', async () => {
    const later = await receive((response) => respondWithProblem(response, 503, { messageProcessingLogId: 'm' }));
    expect([later.headers['retry-after'], later.headers['sap_messageprocessinglogid']]).toEqual(['1', 'm']);
    const never = await receive((response) => respondWithProblem(response, 500));
    expect(never.headers).not.toHaveProperty('retry-after');
    expect(never.headers).not.toHaveProperty('sluice-decision-id');
    expect(never.headers).not.toHaveProperty('sap_messageprocessinglogid');
  });

  it.each([400, 413, 421, 431, 501, 505])('ends the connection after %i', async (status) => {
    const { headers } = await receive((response) => respondWithProblem(response, status));
    expect(headers.connection).toBe('close');
  });

  it.each([401, 403, 404, 503])('leaves the connection open after %i', async (status) => {
    const { headers } = await receive((response) => respondWithProblem(response, status));
    expect(headers.connection).toBe('keep-alive');
  });

  it('has a title for a status that it has none of its own for', async () => {
    const { body } = await receive((response) => respondWithProblem(response, 418));
    expect(JSON.parse(body)).toMatchObject({ title: 'Error', status: 418 });
  });

  it('changes nothing of an answer that was given', async () => {
    const { status, body } = await receive((response) => {
      response.end('given');
      respondWithProblem(response, 500);
    });
    expect([status, body]).toEqual([200, 'given']);
  });

  it('cuts off an answer that has begun: what came of it is not taken for the whole', async () => {
    await expect(
      receive((response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('a part', () => respondWithProblem(response, 500));
      }),
    ).rejects.toThrow();
  });
});
