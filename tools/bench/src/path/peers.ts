import { freePort, startChildServer, type ChildServer } from '@sluice/embedded-servers';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server of another make that does the same: mutual TLS, and the request passed on to a bare Node upstream. */
export interface Peer {
  readonly name: string;
  readonly port: number;
  /** All processes whose CPU counts as its own: its workers and the upstream. */
  pids(): readonly number[];
}

export interface PeerFiles {
  readonly folder: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly clientRoot: string;
  /** Of the one certificate that has the role. Hexadecimal, small letters. */
  readonly clientSha256: string;
}

/** Starts those of HAProxy, nginx and Caddy that are installed. */
export async function startPeers(
  files: PeerFiles,
  say: (text: string) => void,
): Promise<{ peers: Peer[]; stop(): Promise<void> }> {
  const started: ChildServer[] = [];
  const peers: Peer[] = [];
  const stop = async () => void (await Promise.all(started.map((server) => server.stop('SIGTERM'))));
  try {
    for (const { name, configuration, args } of [haproxy, nginx, caddy]) {
      if (!isInstalled(name)) {
        say(`${name} is not installed, so it is left out (apt-get install ${name})`);
        continue;
      }
      const [port, upstreamPort] = [await freePort(), await freePort()];
      const upstream = await startChildServer(
        process.execPath,
        [join(import.meta.dirname, 'echo-upstream.js'), String(upstreamPort)],
        { readyWhen: (line) => line === 'listening' },
      );
      started.push(upstream);
      const folder = join(files.folder, name);
      mkdirSync(folder, { recursive: true });
      const file = join(folder, 'configuration');
      writeFileSync(file, configuration(files, folder, port, upstreamPort));
      const server = await startChildServer('sh', ['-c', 'echo starting; exec "$@"', 'sh', name, ...args(file)], {
        readyWhen: (line) => line === 'starting',
        env: { ...process.env, HOME: folder },
      });
      started.push(server);
      await untilListening(port);
      peers.push({ name, port, pids: () => [upstream.pid, server.pid, ...childrenOf(server.pid)] });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { peers, stop };
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as { status?: unknown }).status === undefined) throw error;
    return false;
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`Nothing listens on port ${port}.`);
}

/** HAProxy has the map from fingerprint to role itself; in the others every certificate of the root may call. */
const haproxy = {
  name: 'haproxy',
  args: (file: string) => ['-db', '-f', file],
  configuration: (files: PeerFiles, folder: string, port: number, upstream: number) => {
    writeFileSync(
      join(folder, 'server.pem'),
      readFileSync(files.serverCertificate, 'utf8') + readFileSync(files.serverKey, 'utf8'),
    );
    writeFileSync(join(folder, 'roles.map'), `${files.clientSha256.toUpperCase()} ESBMessaging.send\n`);
    return `
global
  nbthread 2
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 5s
frontend senders
  bind 127.0.0.1:${port} ssl crt ${folder}/server.pem ca-file ${files.clientRoot} verify required alpn http/1.1
  http-request set-var(txn.role) ssl_c_der,sha2(256),hex,map(${folder}/roles.map,none)
  http-request deny deny_status 403 unless { var(txn.role) -m str ESBMessaging.send }
  default_backend echo
backend echo
  http-reuse always
  server upstream 127.0.0.1:${upstream}
`;
  },
};

const nginx = {
  name: 'nginx',
  args: (file: string) => ['-c', file],
  configuration: (files: PeerFiles, folder: string, port: number, upstream: number) => `
daemon off; worker_processes 2; pid ${folder}/pid; error_log /dev/null;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream echo { server 127.0.0.1:${upstream}; keepalive 32; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${files.serverCertificate}; ssl_certificate_key ${files.serverKey};
    ssl_client_certificate ${files.clientRoot}; ssl_verify_client on; ssl_verify_depth 3;
    ssl_session_cache shared:sessions:10m;
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://echo; }
  }
}
`,
};

const caddy = {
  name: 'caddy',
  args: (file: string) => ['run', '--config', file, '--adapter', 'caddyfile'],
  configuration: (files: PeerFiles, _folder: string, port: number, upstream: number) => `
{
  admin off
  auto_https off
}
https://localhost:${port} {
  bind 127.0.0.1
  tls ${files.serverCertificate} ${files.serverKey} {
    client_auth {
      mode require_and_verify
      trusted_ca_cert_file ${files.clientRoot}
    }
  }
  reverse_proxy 127.0.0.1:${upstream}
}
`,
};
