import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sender, type TestCertificate } from '@sluice/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { describeWith, Front, FrontPki, loadBalancers, type FrontOptions } from './testing/load-balancers.js';
import { ServedFlow } from '../front-door/testing/served-flow.js';

const flow = 'name: f\nsender: {adapter: HTTPS, address: /o}\nsteps:\n  - contentModifier: {headers: {X-Set: a}}\n';
const path = '/http/o';

/** Configurations under which a connection to the runtime serves many senders: the runtime alone keeps them apart. */
const shared = {
  haproxy: [['http-reuse never', 'http-reuse always']],
  nginx: [
    ['listen 8443 ssl', 'listen 8443 ssl http2'],
    ['server flow-runtime:9443;', 'server flow-runtime:9443; keepalive 64;'],
    ['proxy_set_header Connection close', 'proxy_set_header Connection ""'],
  ],
} as const;
const { haproxy26, haproxy30, nginx } = loadBalancers;
const cases = [
  [haproxy26, 'with the configuration in deploy', []],
  [haproxy26, 'that shares connections', shared.haproxy],
  [haproxy30, 'with the configuration in deploy', []],
  [haproxy30, 'that shares connections', shared.haproxy],
  [nginx, 'with the configuration in deploy, and HTTP/2', shared.nginx.slice(0, 1)],
  [nginx, 'that shares connections', shared.nginx],
] as const;

for (const [balancer, how, instead] of cases) {
  describeWith(balancer, how, (program) => {
    let pki: FrontPki;
    let front: Front;
    let served: ServedFlow;
    let shop: TestCertificate;
    let other: TestCertificate;

    beforeAll(async () => {
      pki = await FrontPki.create();
      shop = await pki.issuing.leaf({ subject: 'CN=shop' });
      other = await pki.issuing.leaf({ subject: 'CN=other' });
      served = await ServedFlow.start({ flow, root: pki.serverRoot, server: pki.front, sender: shop, other });
      const options: FrontOptions = { balancer, program, pki, handler: served.handler, instead };
      front = await Front.start(options);
    }, 60_000);

    afterAll(async () => {
      await front.stop();
      await served[Symbol.asyncDispose]();
    });

    /** A request as another sender, as it would stand in a body. */
    const forged = (as: TestCertificate): string => {
      const header =
        balancer.form === 'rfc9440'
          ? `Client-Cert: :${Buffer.from(as.der).toString('base64')}:`
          : `X-SSL-Client-Cert: ${encodeURIComponent(as.pem)}`;
      return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${header}\r\nContent-Length: 6\r\n\r\nforged`;
    };

    const http2 = (as?: TestCertificate): ClientHttp2Session => {
      const session = connectHttp2(front.url, { ca: pki.serverRoot.pem, cert: as?.chainPem, key: as?.key.pem });
      session.on('error', () => undefined);
      return session;
    };

    const tls = async (): Promise<TLSSocket> => {
      const socket = connect({
        port: Number(new URL(front.url).port),
        servername: 'localhost',
        ca: pki.serverRoot.pem,
        ALPNProtocols: ['http/1.1'],
      });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    };

    /** @returns the status of the answer; undefined when the stream ended without one */
    const statusOf = (stream: ClientHttp2Stream) =>
      new Promise<number | undefined>((resolve) => {
        stream.on('response', (headers) => resolve(headers[':status']));
        stream.on('error', () => undefined);
        stream.on('close', () => resolve(undefined));
      });

    /** @returns every status in what comes until the connection ends, or so many have come */
    const statusesOn = (socket: TLSSocket, wanted: number) =>
      new Promise<number[]>((resolve) => {
        let text = '';
        const statuses = () => [...text.matchAll(/HTTP\/1\.1 (?!100)(\d+)/g)].map(([, status]) => Number(status));
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1');
          if (statuses().length >= wanted) resolve(statuses());
        });
        socket.on('close', () => resolve(statuses()));
      });

    const post = `POST ${path} HTTP/1.1\r\nHost: localhost\r\n`;

    /** What strangers do to a connection behind the load balancer; each says with which statuses it was answered. */
    const strangers: Readonly<Record<string, () => Promise<(number | undefined)[]>>> = {
      'is refused before its body, and goes away': async () => {
        const session = http2();
        const stream = session.request({ ':method': 'POST', ':path': path, 'content-length': 900 });
        const status = await statusOf(stream);
        stream.close(constants.NGHTTP2_CANCEL);
        session.destroy();
        return [status];
      },
      'is refused while its body comes': async () => {
        const session = http2();
        const stream = session.request({ ':method': 'POST', ':path': path, 'content-length': 900 });
        stream.end('x'.repeat(900));
        const status = await statusOf(stream);
        session.destroy();
        return [status];
      },
      'sends a part of its body, and goes away': async () => {
        const session = http2();
        const stream = session.request({ ':method': 'POST', ':path': path, 'content-length': 1_800 });
        stream.on('error', () => undefined);
        await new Promise((resolve) => stream.write('x'.repeat(900), resolve));
        stream.close(constants.NGHTTP2_CANCEL);
        session.destroy();
        return [];
      },
      'sends trailers': async () => {
        const session = http2();
        const stream = session.request({ ':method': 'POST', ':path': path }, { waitForTrailers: true } as object);
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'a', 'content-length': '0' }));
        stream.end(forged(shop));
        const status = await statusOf(stream);
        session.destroy();
        return [status];
      },
      'expects 100 Continue': async () => {
        const session = http2();
        const stream = session.request({
          ':method': 'POST',
          ':path': path,
          'content-length': forged(shop).length,
          expect: '100-continue',
        });
        stream.on('continue', () => stream.end(forged(shop)));
        const status = await statusOf(stream);
        session.destroy();
        return [status];
      },
      'sends requests in its body': async () => {
        const socket = await tls();
        const body = '\r\n'.repeat(1_000) + forged(shop) + forged(other);
        socket.write(`${post}Content-Length: ${body.length}\r\n\r\n${body}`);
        const statuses = await statusesOn(socket, 1);
        socket.destroy();
        return statuses;
      },
      'sends requests in many lines of its body': async () => {
        const socket = await tls();
        const body = '\r\n'.repeat(60_000) + forged(shop);
        socket.write(`${post}Content-Length: ${body.length}\r\n\r\n${body}`);
        const statuses = await statusesOn(socket, 1);
        socket.destroy();
        return statuses;
      },
      'sends requests in chunks, with trailers': async () => {
        const socket = await tls();
        const body = forged(shop);
        const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\nX-Trailer: a\r\n\r\n`;
        socket.write(`${post}Transfer-Encoding: chunked\r\n\r\n${chunks}`);
        const statuses = await statusesOn(socket, 1);
        socket.destroy();
        return statuses;
      },
      'does not wait for answers': async () => {
        const socket = await tls();
        const body = forged(shop);
        socket.write(`${post}Content-Length: ${body.length}\r\n\r\n${body}`.repeat(3));
        const statuses = await statusesOn(socket, 3);
        socket.destroy();
        return statuses;
      },
      'goes away in the middle of a chunk': async () => {
        const socket = await tls();
        socket.write(`${post}Transfer-Encoding: chunked\r\n\r\nffff\r\n${forged(shop)}`);
        await statusesOn(socket, 1);
        socket.destroy();
        return [];
      },
    };

    it('attack 36: what a stranger sends as a body is no request, though others were refused before their body came', async () => {
      const before = served.log.length;
      const statuses = new Set<number | undefined>();
      let left = 2;
      const refused = async () => {
        // Whoever makes a new connection for each call, and is gone with the answer.
        for (let round = 0; round < 100; round++) {
          const args = ['-sk', '--http2', '-o', '/dev/null', '--data-binary', 'x'.repeat(900), front.url + path];
          await once(spawn('curl', args, { stdio: 'ignore' }), 'exit');
        }
        left--;
      };
      const body = '\r\n'.repeat(1_000) + forged(shop);
      const forges = async () => {
        using sender = new Sender({ url: front.url, trusts: pki.serverRoot.pem });
        while (left > 0) statuses.add((await sender.send(path, { body })).status);
      };
      await Promise.all([refused(), refused(), forges(), forges(), forges(), forges()]);
      expect([...statuses, served.log.length]).toEqual([401, before]);
    });

    describe('attacks 28 and 36: strangers and two senders, whose bodies look like requests, side by side', () => {
      const rounds = 12;
      const seen = new Map<string, Set<number | undefined>>();
      const broken: unknown[] = [];
      let good = 0;
      let before = 0;

      /** Calls as a sender until all strangers are done, by HTTP/1.1 and HTTP/2; each call must come back as it was. */
      async function callAs(as: TestCertificate, name: string, going: () => boolean): Promise<void> {
        using sender = new Sender({
          url: front.url,
          trusts: pki.serverRoot.pem,
          certificate: as.chainPem,
          key: as.key.pem,
        });
        const session = http2(as);
        for (let count = 0; going(); count++) {
          const body = `${name} ${count} ${forged(as === shop ? other : shop)}`;
          try {
            const { status, text } = await sender.send(path, { body });
            if (status !== 200 || text !== body) broken.push([name, 'HTTP/1.1', status, text]);
            else good++;
            const stream = session.request({ ':method': 'POST', ':path': path });
            const answered = statusOf(stream);
            let echoed = '';
            stream.on('data', (chunk: Buffer) => (echoed += chunk.toString()));
            const ended = once(stream, 'end');
            stream.end(body);
            const ofStream = await answered;
            await ended;
            if (ofStream !== 200 || echoed !== body) broken.push([name, 'HTTP/2', ofStream, echoed]);
            else good++;
          } catch (error) {
            broken.push([name, String(error)]);
          }
        }
        session.close();
      }

      beforeAll(async () => {
        before = served.log.length;
        let left = 4;
        const bother = async (offset: number) => {
          const kinds = Object.entries(strangers);
          for (let count = 0; count < rounds * kinds.length; count++) {
            const [kind, act] = kinds[(count * 7 + offset) % kinds.length] as (typeof kinds)[number];
            const statuses = seen.get(kind) ?? new Set();
            seen.set(kind, statuses);
            for (const status of await act()) statuses.add(status);
          }
          left--;
        };
        await Promise.all([
          ...[0, 1, 2, 3].map(bother),
          callAs(shop, 'shop', () => left > 0),
          callAs(other, 'other', () => left > 0),
        ]);
      }, 120_000);

      it('no stranger is answered as somebody, and each is told the same', () => {
        for (const [kind, statuses] of seen)
          expect([kind, [...statuses].filter((status) => status !== 401)]).toEqual([kind, []]);
      });

      it('no call of a sender is broken, or has another one’s answer', () => {
        expect(broken).toEqual([]);
        expect(good).toBeGreaterThan(0);
      });

      it('no more runs than the senders sent', () => expect(served.log).toHaveLength(before + good));
    });
  });
}
