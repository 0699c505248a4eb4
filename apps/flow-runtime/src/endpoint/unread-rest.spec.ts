import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { endLeavingRest, isEnding, leavesRest, mayLeaveRest } from './unread-rest.js';

const KB = 1024;

describe('an answer before the end of the body', () => {
  let server: Server;
  let sender: Socket;
  let requests: IncomingMessage[];
  let received: string;

  beforeEach(async () => {
    requests = [];
    received = '';
    server = createServer((request, response) => {
      requests.push(request);
      mayLeaveRest(request);
      request.on('error', () => undefined);
      response.writeHead(200, { connection: 'close', 'content-length': 5 });
      endLeavingRest(response, 'early');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    sender = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sender.on('error', () => undefined);
    sender.on('data', (chunk: Buffer) => (received += chunk.toString()));
    sender.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${1024 * KB * KB}\r\n\r\na`);
  });

  afterEach(() => {
    sender.destroy();
    server.closeAllConnections();
    server.close();
  });

  it('is whole though the sender waits for it, and the connection ends', async () => {
    await once(sender, 'close');
    expect(received).toMatch(/\r\n\r\nearly$/);
  });

  it('reads a bounded part of what comes after it from a sender that goes on', async () => {
    const [request] = (await once(server, 'request')) as [IncomingMessage];
    const { socket } = request;
    expect([isEnding(socket), leavesRest(request)]).toEqual([true, true]);
    const flood = () => {
      while (!sender.destroyed && sender.write(Buffer.alloc(64 * KB)));
    };
    sender.on('drain', flood);
    flood();
    await once(socket, 'close');
    expect(socket.bytesRead).toBeLessThan(1_500 * KB);
  });

  it('is not lost to a sender that reads it late, when what it sends meanwhile is within the bound', async () => {
    sender.pause();
    await once(server, 'request');
    const [first] = requests;
    // Comes to the server after its answer has left.
    await new Promise<void>((resolve) => sender.write(Buffer.alloc(256 * KB), () => resolve()));
    for (let came = 0; came < 256 * KB;) {
      const [chunk] = (await once(first as IncomingMessage, 'data')) as [Buffer];
      came += chunk.length;
    }
    sender.resume();
    const [hadError] = (await once(sender, 'close')) as [boolean];
    expect([received.endsWith('\r\n\r\nearly'), hadError]).toEqual([true, false]);
  });
});
