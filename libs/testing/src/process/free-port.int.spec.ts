import { describe, expect, it } from '@jest/globals';
import { freePort, portIsTaken } from '@sluice/embedded-servers';
import { createServer } from 'node:net';

describe('a free port', () => {
  it('is none that the system gives to connections that go out, and none given before', async () => {
    const ports: number[] = [];
    for (let count = 0; count < 300; count++) ports.push(await freePort());
    expect(ports.filter((port) => port < 20_000 || port >= 32_768)).toEqual([]);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('has as many free ones after it as were asked for, none of them given again', async () => {
    const first = await freePort(50);
    const ports = Array.from({ length: 50 }, (_, index) => first + index);
    for (const port of [first, first + 24, first + 49]) expect(await portIsTaken(port)).toBe(false);
    for (let count = 0; count < 1000; count++) expect(ports).not.toContain(await freePort());
  });

  it('is not one that somebody listens on', async () => {
    const port = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await portIsTaken(port)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await portIsTaken(port)).toBe(false);
  });
});
