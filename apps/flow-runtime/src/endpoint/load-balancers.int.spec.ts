import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  endWithThisProcess,
  freePort,
  sha256Hex,
  TemporaryFolder,
  TestAuthority,
  visit,
  type TestCertificate,
} from '@sluice/testing';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ListenerLimits } from './apply-limits.js';
import type { ReadCaller } from './caller-certificate.js';
import { claimsIdentity } from './identity-headers.js';
import { MalformedClientCert } from './passed-on/malformed-client-cert.js';
import { readProxies } from './passed-on/proxies.js';
import { respondWithProblem } from './problem-response.js';
import { ProxyListener } from './proxy-listener.js';

const deploy = join(import.meta.dirname, '..', '..', '..', '..', 'deploy');
const limits: ListenerLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
};

interface Seen {
  readonly leaf?: string;
  readonly chain: string[];
  readonly path: string;
  /** Names of the headers that claim an identity. */
  readonly claims: string[];
}

/** Answers with what came through. */
const mirror = {
  handle(request: IncomingMessage, response: ServerResponse, readCaller: ReadCaller): void {
    try {
      const caller = readCaller(request);
      const seen: Seen = {
        ...(caller ? { leaf: caller.sha256 } : {}),
        chain: (caller?.chain() ?? []).map((der) => sha256Hex(der)),
        path: request.url ?? '',
        claims: Object.keys(request.headers).filter((name) => claimsIdentity(name) || name.includes('_')),
      };
      const body = JSON.stringify(seen);
      const head = { 'content-length': Buffer.byteLength(body) };
      request.resume().on('end', () => response.writeHead(caller ? 200 : 401, head).end(body));
    } catch (error) {
      if (!(error instanceof MalformedClientCert)) throw error;
      respondWithProblem(response, 400, { detail: error.message });
    }
  },
};

interface LoadBalancer {
  readonly program: string;
  readonly form: 'rfc9440' | 'nginx-escaped-pem';
  /** Of the headers that claim an identity, those that it writes itself. */
  readonly writes: readonly string[];
  readonly passesChain: boolean;
  configure(place: Place): { readonly file: string; readonly args: readonly string[] };
}

/** Where a load balancer finds its files, and which ports it uses. */
interface Place {
  readonly folder: string;
  readonly port: number;
  readonly runtimePort: number;
  readonly healthPort: number;
  readonly ownHealthPort: number;
}

/** The configuration that is in `deploy`, with the addresses of this test in place of a container's. */
function adapted(file: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${file} has no "${from}" any more.`);
      return text.replaceAll(from, to);
    },
    readFileSync(join(deploy, file), 'utf8'),
  );
}

const loadBalancers: readonly LoadBalancer[] = [
  {
    program: 'haproxy',
    form: 'rfc9440',
    writes: ['client-cert', 'client-cert-chain'],
    passesChain: true,
    configure({ folder, port, runtimePort, healthPort, ownHealthPort }) {
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(
        file,
        adapted('haproxy/haproxy.cfg', [
          ['bind :8443', `bind 127.0.0.1:${port}`],
          ['127.0.0.1:8404', `127.0.0.1:${ownHealthPort}`],
          ['check port 8081', `check port ${healthPort}`],
          [
            'server-template flow-runtime- 16 flow-runtime:9443 resolvers containers init-addr none',
            `server flow-runtime-1 127.0.0.1:${runtimePort}`,
          ],
          ['/run/trust-list', folder],
          ['/run/sluice', folder],
          ['/etc/sluice/haproxy', join(deploy, 'haproxy')],
        ]),
      );
      return { file, args: ['-db', '-f', file] };
    },
  },
  {
    program: 'nginx',
    form: 'nginx-escaped-pem',
    writes: ['x-ssl-client-cert'],
    passesChain: false,
    configure({ folder, port, runtimePort }) {
      const file = join(folder, 'nginx.conf');
      mkdirSync(join(folder, 'nginx'), { recursive: true });
      writeFileSync(
        file,
        `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}\n` +
          adapted('nginx/nginx.conf', [
            ['listen 8443', `listen 127.0.0.1:${port}`],
            ['server flow-runtime:9443', `server 127.0.0.1:${runtimePort}`],
            ['access_log /dev/stdout combined', 'access_log off'],
            ['worker_processes auto', 'worker_processes 1'],
            ['/run/sluice/load-balancer.pem', join(folder, 'nginx-client.pem')],
            ['/run/sluice/server.pem', join(folder, 'nginx-server.pem')],
            ['/run/sluice', folder],
            ['/run/nginx', join(folder, 'nginx')],
          ]),
      );
      return { file, args: ['-e', 'stderr', '-c', file] };
    },
  },
];

for (const balancer of loadBalancers) {
  const { program } = balancer;
  const installed = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  const suite = installed ? describe : describe.skip;
  suite(
    `${program} with the configuration in deploy${installed ? '' : ` (skipped: apt-get install ${program})`}`,
    () => {
      const folder = new TemporaryFolder(program);
      let serverRoot: TestAuthority;
      let partner: TestAuthority;
      let issuing: TestAuthority;
      let sender: TestCertificate;
      let listener: ProxyListener;
      let health: Server;
      let process_: ChildProcess;
      let url: string;

      beforeAll(async () => {
        serverRoot = await TestAuthority.root({ subject: 'CN=Server Root' });
        const proxyCa = await TestAuthority.root({ subject: 'CN=Proxy CA' });
        partner = await TestAuthority.root({ subject: 'CN=Partner Root' });
        issuing = await partner.intermediate({ subject: 'CN=Partner Issuing' });
        sender = await issuing.leaf({ subject: 'CN=sender' });
        const server = (name: string) =>
          serverRoot.leaf({ subject: `CN=${name}`, extendedKeyUsage: ['serverAuth'], subjectAltNames: [name] });
        const [front, runtime] = [await server('localhost'), await server('flow-runtime')];
        const own = await proxyCa.leaf({ subject: 'CN=load-balancer,O=Sluice' });
        const write = (name: string, text: string) => {
          writeFileSync(join(folder.path, name), text);
          return join(folder.path, name);
        };
        // HAProxy reads a certificate and its key from one file.
        write('server.pem', front.chainPem + front.key.pem);
        write('load-balancer.pem', own.chainPem + own.key.pem);
        write('nginx-server.pem', front.chainPem);
        write('server.key', front.key.pem);
        write('nginx-client.pem', own.chainPem);
        write('load-balancer.key', own.key.pem);
        write('server-root.pem', serverRoot.pem);
        write('trusted-roots.pem', partner.pem);
        const proxiesFile = write(
          'proxies.json',
          balancer.form === 'rfc9440'
            ? '{"proxies":[{"name":"haproxy","certificate":{"subject":"CN=load-balancer,O=Sluice"},"form":"rfc9440"}]}'
            : readFileSync(join(deploy, 'nginx', 'proxies.json'), 'utf8'),
        );
        listener = new ProxyListener(
          { certificateChain: runtime.chainPem, privateKey: runtime.key.pem },
          readProxies({ caFile: write('proxy-ca.pem', proxyCa.pem), proxiesFile }),
          mirror,
          limits,
          (error) => process.stderr.write(`${String(error)}\n`),
        );
        health = createHttpServer((_request, response) => response.end('ok'));
        for (const each of [listener.server, health])
          await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
        const portOf = (each: { address(): unknown }) => (each.address() as AddressInfo).port;
        const place: Place = {
          folder: folder.path,
          port: await freePort(),
          runtimePort: portOf(listener.server),
          healthPort: portOf(health),
          ownHealthPort: await freePort(),
        };
        const { args } = balancer.configure(place);
        process_ = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
        const said: string[] = [];
        process_.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
        if (process_.pid !== undefined) endWithThisProcess(process_.pid, '', 'TERM');
        url = `https://localhost:${place.port}`;
        await untilServing(place.port, () => said.join(''));
      }, 60_000);

      afterAll(async () => {
        const ended = new Promise((resolve) => process_.once('exit', resolve));
        process_.kill('SIGTERM');
        await ended;
        listener.server.closeAllConnections();
        health.closeAllConnections();
        await Promise.all([listener.server, health].map((each) => new Promise((resolve) => each.close(resolve))));
        folder.remove();
      });

      async function untilServing(port: number, said: () => string): Promise<void> {
        for (let tries = 0; ; tries++) {
          const listens = await new Promise<boolean>((resolve) => {
            const socket = connect(port, '127.0.0.1', () => resolve(true));
            socket.once('error', () => resolve(false));
            socket.once('connect', () => socket.destroy());
          });
          // HAProxy answers 503 until it has seen that the runtime is there.
          if (listens && (await call(undefined)).status === 401) return;
          if (tries === 200) throw new Error(`${program} does not serve:\n${said()}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }

      const call = (as: TestCertificate | undefined, headers: readonly string[] = [], path = '/http/orders') =>
        visit({ url, trusts: serverRoot.pem, certificate: as?.chainPem, key: as?.key.pem, headers, path, body: 'x' });

      it('hands the sender’s certificate to the flow runtime', async () => {
        const { status, text } = await call(sender);
        const seen = JSON.parse(text) as Seen;
        expect([status, seen.leaf, seen.path]).toEqual([200, sender.sha256, '/http/orders']);
        if (balancer.passesChain) expect(seen.chain).toContain(issuing.certificate.sha256);
      });

      it('says nothing of a sender without a certificate', async () => {
        const { status, text } = await call(undefined);
        expect([status, JSON.parse(text)]).toEqual([401, { chain: [], path: '/http/orders', claims: [] }]);
      });

      it('attack 08: lets no header through in which a sender claims a certificate, in whatever spelling', async () => {
        const base64 = Buffer.from(sender.der).toString('base64');
        const escaped = encodeURIComponent(sender.pem);
        const claims = [
          `Client-Cert: :${base64}:`,
          `client-cert: :${base64}:`,
          `Client_Cert: :${base64}:`,
          `Client.Cert: :${base64}:`,
          `Client-Cert-Chain: :${base64}:`,
          `X-Forwarded-Client-Cert: Cert="${escaped}"`,
          `X-Forwarded-Client-Cert: ${base64}`,
          `X_Forwarded_Client_Cert: ${base64}`,
          `X-SSL-Client-Cert: ${escaped}`,
          `X-SSL-Client-Cert: ${base64}`,
          `X_SSL_Client_Cert: ${escaped}`,
          `SSL_CLIENT_CERT: ${base64}`,
          `SSL-Client-Cert: ${base64}`,
          `X-Forwarded-Tls-Client-Cert: ${base64}`,
          `X-Client-Cert: ${base64}`,
          `X-SSL-Cert: ${escaped}`,
          `X-ARR-ClientCert: ${base64}`,
        ];
        for (const claim of claims) {
          const anonymous = await call(undefined, [claim]);
          expect([claim.slice(0, 40), anonymous.status]).toEqual([claim.slice(0, 40), 401]);
          expect([claim.slice(0, 40), (JSON.parse(anonymous.text) as Seen).claims]).toEqual([claim.slice(0, 40), []]);
        }
        const other = await issuing.leaf({ subject: 'CN=other' });
        for (const headers of [
          claims.slice(0, 1),
          claims.slice(8, 9),
          [claims[0] ?? '', claims[8] ?? '', claims[11] ?? ''],
        ]) {
          const seen = JSON.parse((await call(other, headers)).text) as Seen;
          expect(seen.leaf).toBe(other.sha256);
          expect(balancer.writes).toEqual(expect.arrayContaining(seen.claims));
        }
      });

      it('attack 11: hands it over though the sender has it dropped by Connection', async () => {
        const names = ['Client-Cert', 'X-SSL-Client-Cert', 'Client-Cert-Chain'];
        const { status, text } = await call(
          sender,
          names.map((name) => `Connection: ${name}`),
        );
        expect([status, (JSON.parse(text) as Seen).leaf]).toEqual([200, sender.sha256]);
      });

      it('attack 27: does not change the path on the way', async () => {
        for (const path of ['/http//orders', '/http/%2e%2e/orders', '/http/a;b=1'])
          expect((JSON.parse((await call(sender, [], path)).text) as Seen).path).toBe(path);
      });

      it('resumes no session (attacks 01 to 03)', async () => {
        const first = await call(sender);
        const again = await visit({
          url,
          trusts: serverRoot.pem,
          certificate: sender.chainPem,
          key: sender.key.pem,
          session: first.session,
        });
        expect(again.resumed).toBe(false);
      });
    },
  );
}
