import { afterEach, describe, expect, it } from '@jest/globals';
import type { Server } from 'node:http';
import { startHealthServer } from './health-server.js';

describe('the health server', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());

  const start = async (metrics: () => Promise<string>) => {
    const faults: unknown[] = [];
    const started = await startHealthServer({
      host: '127.0.0.1',
      port: 0,
      service: 'authorization',
      notReady: () => ['the state is missing'],
      metrics,
      onFault: (error) => void faults.push(error),
    });
    server = started.server;
    return { faults, read: (path: string) => fetch(`http://127.0.0.1:${started.port}${path}`) };
  };

  it('gives the metrics in the text format of Prometheus', async () => {
    const { read } = await start(() => Promise.resolve('a 1\n'));
    const answer = await read('/metrics?x');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toBe('a 1\n');
  });

  it('answers 500 when a metric cannot be read, tells of it, and goes on', async () => {
    const { read, faults } = await start(() => Promise.reject(new Error('no such part')));
    expect((await read('/metrics')).status).toBe(500);
    expect(faults).toEqual([new Error('no such part')]);
    expect((await read('/livez')).status).toBe(200);
    expect((await read('/readyz')).status).toBe(503);
  });
});
