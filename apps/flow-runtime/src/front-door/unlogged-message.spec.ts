import { TestAuthority, type TestCertificate } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServedFlow } from './testing/served-flow.js';

describe('a message whose entry in the log is not kept', () => {
  let root: TestAuthority;
  let server: TestCertificate;
  let sender: TestCertificate;
  let receiver: Server;
  let calls = 0;

  beforeAll(async () => {
    root = await TestAuthority.root({ subject: 'CN=Root' });
    server = await root.leaf({
      subject: 'CN=localhost',
      extendedKeyUsage: ['serverAuth'],
      subjectAltNames: ['localhost'],
    });
    sender = await root.leaf({ subject: 'CN=shop' });
    receiver = createServer((_request, response) => {
      calls++;
      response.end('done');
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
  });

  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  const serve = (level = 'INFO') =>
    ServedFlow.start({
      flow: `
name: f
log: {level: ${level}}
sender: {adapter: HTTPS, address: /o}
steps: [{requestReply: {adapter: HTTP, address: 'http://127.0.0.1:${(receiver.address() as AddressInfo).port}/'}}]
`,
      root,
      server,
      sender,
    });

  async function send(served: ServedFlow) {
    const request = served.begin();
    request.end('x');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
  }

  it('does not begin when the log is known to take no entries: 503 with Retry-After, and no receiver was called', async () => {
    await using served = await serve();
    const before = calls;
    served.room.failed('it is full');
    const answer = await send(served);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.headers).not.toHaveProperty('sap_messageprocessinglogid');
    expect(answer.body).toContain('the flow was not begun');
    expect(calls).toBe(before);
    served.room.kept(0);
    expect((await send(served)).body).toBe('done');
    expect(calls).toBe(before + 1);
  });

  it('gets 503 with its id, and not what the flow answered, when it had begun', async () => {
    await using served = await serve();
    const before = calls;
    served.logRefusal = new Error('maximum bytes exceeded');
    const answer = await send(served);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(calls).toBe(before + 1);
    // The header stands for an entry.
    expect(answer.headers).not.toHaveProperty('sap_messageprocessinglogid');
    const { messageId, detail } = JSON.parse(answer.body) as { messageId: string; detail: string };
    expect(messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(detail).toContain('The flow ran');
    expect(served.faults).toHaveLength(1);
    // The next is not begun, for now it is known.
    expect((await send(served)).body).toContain('was not begun');
    expect(calls).toBe(before + 1);
  });

  it('is answered as ever when its flow writes no log', async () => {
    await using served = await serve('NONE');
    served.logRefusal = new Error('maximum bytes exceeded');
    served.room.failed('it is full');
    expect(await send(served)).toMatchObject({ status: 200, body: 'done' });
  });
});
