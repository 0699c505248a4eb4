import { expect, it } from '@jest/globals';
import { freePort, TemporaryFolder } from '@sluice/testing';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Listeners } from './listeners.js';
import { FrontPki } from './testing/load-balancers.js';

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

it('listens to proxies from the moment on at which nothing keeps the runtime from its work, and says so until then', async () => {
  const folder = new TemporaryFolder('listeners');
  const pki = await FrontPki.create();
  const write = (name: string, text: string) => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const [port, proxyPort] = [await freePort(), await freePort()];
  const listeners = new Listeners(
    {
      host: '127.0.0.1',
      port,
      identityFiles: [
        {
          certificateFile: write('server.pem', pki.runtime.chainPem),
          keyFile: write('server.key', pki.runtime.key.pem),
        },
      ],
      limits: {
        handshakeTimeout: 10_000,
        headersTimeout: 15_000,
        requestTimeout: 120_000,
        keepAliveTimeout: 65_000,
        maxConnections: 100,
        maxConnectionsPerAddress: 100,
      },
      proxy: { host: '127.0.0.1', port: proxyPort, files: { caFile: write('proxy-ca.pem', pki.proxyCa.pem) } },
    },
    { handle: () => undefined },
    () => Date.now(),
    () => undefined,
  );
  await listeners.open();
  let asked: () => void = () => undefined;
  const wasAsked = new Promise<void>((resolve) => (asked = resolve));
  let ready = false;
  const opened = listeners.openToProxies(() => {
    asked();
    return ready;
  });
  await wasAsked;
  expect(await listens(port)).toBe(true);
  expect(await listens(proxyPort)).toBe(false);
  expect(listeners.problems).toEqual(['the listener for proxies is not open yet']);
  ready = true;
  await opened;
  expect(await listens(proxyPort)).toBe(true);
  expect(listeners.problems).toEqual([]);
  await listeners.close(0);
  folder.remove();
});
