import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveMetrics } from './serve-metrics.js';

describe('the metrics of a stack at one port', () => {
  let process: Server;
  let gateway: Server;
  let url: string;
  let addresses: Record<string, readonly string[]>;
  let requested: (string | undefined)[];

  const listen = async (server: Server) => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  beforeEach(async () => {
    requested = [];
    process = createServer((request, response) => {
      requested.push(request.url);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end('sluice_up 1\n');
    });
    const port = await listen(process);
    addresses = { 'flow-runtime': ['127.0.0.1', '127.0.0.2'], 'key-management': [] };
    gateway = serveMetrics({
      sources: [
        { service: 'flow-runtime', port },
        { service: 'key-management', port },
      ],
      resolve: (name) => Promise.resolve(addresses[name] ?? []),
      timeoutMs: 1_000,
    });
    url = `http://127.0.0.1:${await listen(gateway)}`;
  });
  afterEach(() => {
    for (const server of [gateway, process]) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('lists every process that has an address, in the form of the HTTP service discovery of Prometheus', async () => {
    const host = new URL(url).host;
    expect(await (await fetch(`${url}/targets`)).json()).toEqual(
      ['127.0.0.1', '127.0.0.2'].map((address) => ({
        targets: [host],
        labels: { job: 'flow-runtime', instance: address, __metrics_path__: `/metrics/flow-runtime/${address}` },
      })),
    );
  });

  it('gives the metrics of a process as it gave them', async () => {
    const answer = await fetch(`${url}/metrics/flow-runtime/127.0.0.1`);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/plain; version=0.0.4',
      'sluice_up 1\n',
    ]);
  });

  it('tells that a process does not answer', async () => {
    expect((await fetch(`${url}/metrics/flow-runtime/127.0.0.2`)).status).toBe(502);
  });

  it.each([
    '/metrics/key-management/127.0.0.1',
    '/metrics/postgres/127.0.0.1',
    '/metrics/flow-runtime/127.0.0.3',
    '/metrics/flow-runtime/127.0.0.1/../../livez',
    '/metrics/flow-runtime/127.0.0.1?x',
    '/livez',
  ])('reaches nothing else: %s', async (path) => {
    expect((await fetch(`${url}${path}`)).status).toBe(404);
    expect(requested).toEqual([]);
  });

  it('takes no other method', async () => {
    expect((await fetch(`${url}/metrics/flow-runtime/127.0.0.1`, { method: 'POST' })).status).toBe(405);
    expect(requested).toEqual([]);
  });
});
