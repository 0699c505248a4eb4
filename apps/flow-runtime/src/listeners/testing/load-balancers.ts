import {
  endWithThisProcess,
  freePort,
  locateHaproxy,
  TemporaryFolder,
  TestAuthority,
  visit,
  type Program,
  type TestCertificate,
} from '@sluice/testing';
import { describe, it } from '@jest/globals';
import type { ListenerLimits } from '@sluice/service-shell';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readProxies } from '../../client-certificates/proxies.js';
import { ProxyListener } from '../proxy-listener.js';
import type { RequestHandler } from '../public-listener.js';

const deploy = join(import.meta.dirname, '..', '..', '..', '..', '..', 'deploy');
const limits: ListenerLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  maxConnections: 1_000,
  maxConnectionsPerAddress: 1_000,
};

/** A load balancer as it is in `deploy`. */
export interface LoadBalancer {
  readonly name: string;
  /** @throws Error with a sentence when the program is not there */
  locate(): Program;
  readonly form: 'rfc9440' | 'nginx-escaped-pem';
  /** Of the headers that claim an identity, those that it writes itself. */
  readonly writes: readonly string[];
  readonly passesChain: boolean;
  /** @returns the arguments it is started with */
  configure(place: Place): readonly string[];
}

export type Replacements = readonly (readonly [string, string])[];

/** Where a load balancer finds its files, which ports it uses, and what is other than in `deploy`. */
export interface Place {
  readonly folder: string;
  readonly port: number;
  readonly runtimePort: number;
  readonly healthPort: number;
  readonly ownHealthPort: number;
  readonly metricsPort: number;
  readonly instead: Replacements;
}

/** The configuration that is in `deploy`, with the addresses of this test in place of a container's. */
function adapted(file: string, replacements: Replacements): string {
  return replacements.reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${file} has no "${from}" any more.`);
      return text.replaceAll(from, to);
    },
    readFileSync(join(deploy, file), 'utf8'),
  );
}

/** How the configuration in `deploy` finds the runtimes. */
export const runtimesByName = 'server-template flow-runtime- 16 flow-runtime:9443 resolvers containers init-addr none';

const haproxy = (line: '2.6' | '3.0'): LoadBalancer => ({
  name: `HAProxy ${line}`,
  locate: () => locateHaproxy(line),
  form: 'rfc9440',
  writes: ['client-cert', 'client-cert-chain'],
  passesChain: true,
  configure({ folder, port, runtimePort, healthPort, ownHealthPort, metricsPort, instead }) {
    const file = join(folder, 'haproxy.cfg');
    const usual: Replacements = [
      ['bind :8443', `bind 127.0.0.1:${port}`],
      ['127.0.0.1:8404', `127.0.0.1:${ownHealthPort}`],
      ['bind :8405', `bind 127.0.0.1:${metricsPort}`],
      ['check port 8081', `check port ${healthPort}`],
      [runtimesByName, `server flow-runtime-1 127.0.0.1:${runtimePort}`],
      ['/run/trust-list', folder],
      ['/run/sluice', folder],
      ['/etc/sluice/haproxy', join(deploy, 'haproxy')],
    ];
    const others = usual.filter(([from]) => !instead.some(([replaced]) => replaced === from));
    writeFileSync(file, adapted('haproxy/haproxy.cfg', [...instead, ...others]));
    return ['-db', '-f', file];
  },
});

const nginx: LoadBalancer = {
  name: 'nginx',
  locate() {
    if (spawnSync('nginx', ['-v']).status !== 0) throw new Error('nginx was not found: apt-get install nginx.');
    return { command: 'nginx', args: [] };
  },
  form: 'nginx-escaped-pem',
  writes: ['x-ssl-client-cert'],
  passesChain: false,
  configure({ folder, port, runtimePort, instead }) {
    const file = join(folder, 'nginx.conf');
    mkdirSync(join(folder, 'nginx'), { recursive: true });
    writeFileSync(
      file,
      `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}\n` +
        adapted('nginx/nginx.conf', [
          ...instead,
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
    return ['-e', 'stderr', '-c', file];
  },
};

export const loadBalancers = { haproxy26: haproxy('2.6'), haproxy30: haproxy('3.0'), nginx };

/** A suite that needs a program. Where it is missing the suite is skipped, and in CI (`CI=true`) it fails: nothing is skipped there. */
export function describeWith(balancer: LoadBalancer, what: string, suite: (program: Program) => void): void {
  try {
    const program = balancer.locate();
    describe(`${balancer.name} ${what}`, () => suite(program));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const missing = process.env['CI'] === 'true' ? it : it.skip;
    describe(`${balancer.name} ${what}`, () =>
      missing(`is there (${why})`, () => {
        throw new Error(why);
      }));
  }
}

/** Certificates of everybody on the way from a sender to a runtime. */
export class FrontPki {
  private constructor(
    readonly serverRoot: TestAuthority,
    readonly partner: TestAuthority,
    readonly issuing: TestAuthority,
    readonly front: TestCertificate,
    readonly runtime: TestCertificate,
    readonly proxyCa: TestAuthority,
    readonly balancer: TestCertificate,
  ) {}

  static async create(): Promise<FrontPki> {
    const serverRoot = await TestAuthority.root({ subject: 'CN=Server Root' });
    const proxyCa = await TestAuthority.root({ subject: 'CN=Proxy CA' });
    const partner = await TestAuthority.root({ subject: 'CN=Partner Root' });
    const server = (name: string) =>
      serverRoot.leaf({ subject: `CN=${name}`, extendedKeyUsage: ['serverAuth'], subjectAltNames: [name] });
    return new FrontPki(
      serverRoot,
      partner,
      await partner.intermediate({ subject: 'CN=Partner Issuing' }),
      await server('localhost'),
      await server('flow-runtime'),
      proxyCa,
      await proxyCa.leaf({ subject: 'CN=load-balancer,O=Sluice' }),
    );
  }
}

export interface FrontOptions {
  readonly balancer: LoadBalancer;
  readonly program: Program;
  readonly pki: FrontPki;
  readonly handler: RequestHandler;
  /** What is other than in `deploy`. */
  readonly instead?: Replacements | ((place: Omit<Place, 'instead'>) => Replacements);
}

/** A load balancer that runs with its configuration in `deploy`, in front of a proxy-facing listener. */
export class Front {
  private constructor(
    readonly url: string,
    readonly place: Omit<Place, 'instead'>,
    readonly stop: () => Promise<void>,
  ) {}

  static async start({ balancer, program, pki, handler, instead = [] }: FrontOptions): Promise<Front> {
    const folder = new TemporaryFolder('load-balancer');
    const write = (name: string, text: string) => {
      writeFileSync(join(folder.path, name), text);
      return join(folder.path, name);
    };
    const { front, runtime, balancer: own } = pki;
    // HAProxy reads a certificate and its key from one file.
    write('server.pem', front.chainPem + front.key.pem);
    write('load-balancer.pem', own.chainPem + own.key.pem);
    write('nginx-server.pem', front.chainPem);
    write('server.key', front.key.pem);
    write('nginx-client.pem', own.chainPem);
    write('load-balancer.key', own.key.pem);
    write('server-root.pem', pki.serverRoot.pem);
    write('trusted-roots.pem', pki.partner.pem);
    const proxiesFile = write(
      'proxies.json',
      balancer.form === 'rfc9440'
        ? '{"proxies":[{"name":"haproxy","certificate":{"subject":"CN=load-balancer,O=Sluice"},"form":"rfc9440"}]}'
        : readFileSync(join(deploy, 'nginx', 'proxies.json'), 'utf8'),
    );
    const listener = new ProxyListener(
      { certificateChain: runtime.chainPem, privateKey: runtime.key.pem },
      readProxies({ caFile: write('proxy-ca.pem', pki.proxyCa.pem), proxiesFile }),
      handler,
      limits,
      (error) => process.stderr.write(`${String(error)}\n`),
    );
    const health = createHttpServer((_request, response) => response.end('ok'));
    for (const each of [listener.server, health])
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
    const portOf = (each: { address(): unknown }) => (each.address() as AddressInfo).port;
    const port = await freePort();
    const place = {
      folder: folder.path,
      port,
      runtimePort: portOf(listener.server),
      healthPort: portOf(health),
      ownHealthPort: await freePort(),
      metricsPort: await freePort(),
    };
    const args = balancer.configure({ ...place, instead: typeof instead === 'function' ? instead(place) : instead });
    const child = spawn(program.command, [...program.args, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const said: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
    if (child.pid !== undefined) endWithThisProcess(child.pid, '', 'TERM');
    const url = `https://localhost:${port}`;
    for (let tries = 0; !(await serves(url, port, pki.serverRoot.pem)); tries++) {
      if (tries === 200 || child.exitCode !== null)
        throw new Error(`${balancer.name} does not serve:\n${said.join('')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return new Front(url, place, async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      listener.server.closeAllConnections();
      health.closeAllConnections();
      await Promise.all([listener.server, health].map((each) => new Promise((resolve) => each.close(resolve))));
      folder.remove();
    });
  }
}

async function serves(url: string, port: number, trusts: string): Promise<boolean> {
  const listens = await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  // HAProxy answers 503 until it has seen that the runtime is there.
  return listens && (await visit({ url, trusts, path: '/http/o' })).status === 401;
}
