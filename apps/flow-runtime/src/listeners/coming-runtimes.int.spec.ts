import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { until, visit, type TestCertificate } from '@sluice/testing';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { listen } from './open-and-close.js';
import { readProxies } from '../client-certificates/proxies.js';
import { ProxyListener } from './proxy-listener.js';
import { describeWith, Front, FrontPki, loadBalancers, runtimesByName } from './testing/load-balancers.js';
import { NameServer } from './testing/name-server.js';

const { haproxy26, haproxy30 } = loadBalancers;

function answer(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(401, { 'content-length': 0 }).end();
}

for (const balancer of [haproxy26, haproxy30]) {
  describeWith(balancer, 'that hears of further runtimes by their name', (program) => {
    let pki: FrontPki;
    let sender: TestCertificate;
    let names: NameServer;
    let front: Front;
    const servers: Server[] = [];

    beforeEach(async () => {
      pki = await FrontPki.create();
      sender = await pki.issuing.leaf({ subject: 'CN=sender' });
      names = await NameServer.start();
      names.addresses = ['127.0.0.1'];
      front = await Front.start({
        balancer,
        program,
        pki,
        handler: { handle: answer },
        instead: ({ runtimePort }) => [
          [runtimesByName, runtimesByName.replace('flow-runtime:9443', `runtimes.test:${runtimePort}`)],
          ['parse-resolv-conf', `nameserver names 127.0.0.1:${names.port}`],
        ],
      });
    }, 60_000);

    afterEach(async () => {
      await front.stop();
      names.stop();
      for (const server of servers.splice(0)) {
        server.closeAllConnections();
        server.close();
      }
    });

    /** How the load balancer sees its runtimes: `UP`, `DOWN`, or anything else by address. */
    const seen = () =>
      new Promise<Map<string, string>>((resolve, reject) => {
        let text = '';
        const socket = connect(join(front.place.folder, 'haproxy.sock'));
        socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        socket.on('error', reject);
        socket.on('end', () => {
          const rows = text.split('\n').map((line) => line.split(' '));
          const found = rows.filter((row) => row[1] === 'flow-runtimes' && row[4] !== '-');
          // srv_addr, srv_op_state (https://docs.haproxy.org/3.0/management.html#9.3-show%20servers%20state).
          resolve(new Map(found.map((row) => [String(row[4]), row[5] === '2' ? 'UP' : row[5] === '0' ? 'DOWN' : '?'])));
        });
        socket.end('show servers state\n');
      });

    /** Calls, each over a connection of its own, until it is stopped. */
    function load() {
      const statuses: unknown[] = [];
      let stopped = false;
      const one = async () => {
        while (!stopped) {
          const call = visit({
            url: front.url,
            trusts: pki.serverRoot.pem,
            certificate: sender.chainPem,
            key: sender.key.pem,
            path: '/http/o',
          });
          statuses.push(await call.then(({ status }) => status).catch(String));
        }
      };
      const all = Promise.all(Array.from({ length: 4 }, one));
      return {
        statuses,
        async stop() {
          stopped = true;
          await all;
        },
      };
    }

    it('sends no request to one before its first check was passed, and fails none of those that come meanwhile', async () => {
      const running = load();
      await until(() => running.statuses.length > 20, { what: 'calls' });
      // They have addresses, and nothing listens there yet: containers that are starting.
      const coming = [2, 3, 4, 5, 6, 7, 8].map((host) => `127.0.0.${host}`);
      names.addresses = ['127.0.0.1', ...coming];
      await until(() => down(coming), {
        what: 'them to be known, and not to be there',
        timeoutMs: 20_000,
      });

      let checks = 0;
      let ready = false;
      let requests = 0;
      const health = createServer((_request, response) => {
        checks++;
        response.writeHead(ready ? 200 : 503).end();
      });
      servers.push(health);
      await listen(health, front.place.healthPort, '127.0.0.2');
      await until(() => checks >= 2, { what: 'it to be asked whether it is ready' });
      expect((await seen()).get('127.0.0.2')).toBe('DOWN');

      const listener = new ProxyListener(
        { certificateChain: pki.runtime.chainPem, privateKey: pki.runtime.key.pem },
        readProxies({
          caFile: join(front.place.folder, 'proxy-ca.pem'),
          proxiesFile: join(front.place.folder, 'proxies.json'),
        }),
        {
          handle(request, response) {
            requests++;
            answer(request, response);
          },
        },
        { ...limits },
        () => undefined,
      );
      servers.push(listener.server as unknown as Server);
      await listen(listener.server, front.place.runtimePort, '127.0.0.2');
      const asked = checks;
      await until(() => checks >= asked + 2, { what: 'it to be asked again' });
      // It could be reached by now, and said that it is not ready.
      expect(requests).toBe(0);
      ready = true;
      await until(() => requests > 0, { what: 'its first request', timeoutMs: 10_000 });
      await running.stop();
      expect(new Set(running.statuses)).toEqual(new Set([401]));
    }, 60_000);

    async function down(addresses: readonly string[]): Promise<boolean> {
      const state = await seen();
      return addresses.every((address) => state.get(address) === 'DOWN');
    }
  });
}

const limits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
};
