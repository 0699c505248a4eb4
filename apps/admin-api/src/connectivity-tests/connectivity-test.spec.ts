import { afterEach, describe, expect, it } from '@jest/globals';
import { readDestinationPolicy } from '@sluice/domain';
import { Destinations } from '@sluice/service-shell';
import { freePort, TestAuthority } from '@sluice/testing';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { testConnectivity } from './connectivity-test.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function tested(host: string, port: number, allowed: string) {
  const read = readDestinationPolicy(allowed, '');
  if (!('policy' in read)) throw new Error('The list cannot be read.');
  const faults: unknown[] = [];
  const { result } = await testConnectivity(
    { id: 'test', host, port, validateServerCertificate: false },
    0,
    new Destinations(read.policy, () => undefined),
    (error) => faults.push(error),
  );
  return { result, faults };
}

describe('a connectivity test', () => {
  it('shows the chain of a server that may be connected to', async () => {
    const authority = await TestAuthority.root({ subject: 'CN=Root' });
    const leaf = await authority.leaf({ subject: 'CN=server', subjectAltNames: ['localhost'] });
    const server = createTlsServer({ cert: leaf.pem, key: leaf.key.pem }, (socket) =>
      socket.on('error', () => undefined),
    );
    const { result } = await tested('localhost', await listening(server), 'localhost');
    expect(result.status).toBe('succeeded');
    expect(result.certificates.map(({ subjectdn }) => subjectdn)).toEqual(['CN=server']);
  });

  it('gives one sentence for a closed port, an open one without TLS, and one it may not reach', async () => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections++;
      socket.end('220 mail\r\n');
    });
    const open = await listening(server);
    const refused = await Promise.all(
      ['127.0.0.1', 'localhost', '0x7f.1', '::1'].map((host) => tested(host, open, '')),
    );
    expect(connections).toBe(0);
    const others = [
      await tested('127.0.0.1', open, '127.0.0.1'),
      await tested('127.0.0.1', await freePort(), '127.0.0.1'),
    ];
    expect(connections).toBe(1);
    const errors = [...refused, ...others].map(({ result }) => result.error);
    expect(errors[0]).toContain('ALLOWED_DESTINATIONS');
    expect(new Set(errors).size).toBe(1);
    for (const { faults } of [...refused, ...others]) expect(faults).toHaveLength(1);
  });
});
