import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, TestAuthority, TestNats, TestPostgres, until, type TestCertificate } from '@sluice/testing';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { shownChain } from './shown-chain.js';

let folder: TemporaryFolder;
let root: TestAuthority;
let leaf: TestCertificate;

beforeAll(async () => {
  folder = new TemporaryFolder('servers');
  root = await TestAuthority.root({ subject: 'CN=Servers' });
  leaf = await root.leaf({ subject: 'CN=server', extendedKeyUsage: ['serverAuth'], subjectAltNames: ['127.0.0.1'] });
});
afterAll(() => folder?.remove());

const asHex = (chain: readonly Uint8Array[]) => chain.map((der) => Buffer.from(der).toString('hex'));

describe('what a server shows', () => {
  it('is seen of NATS, its chain with it', async () => {
    const file = (name: string, content: string) => {
      writeFileSync(join(folder.path, name), content, { mode: 0o600 });
      return JSON.stringify(join(folder.path, name));
    };
    const tls = `tls { cert_file: ${file('nats.pem', leaf.chainPem)}, key_file: ${file('nats.key', leaf.key.pem)} }\n`;
    await using nats = await TestNats.start({ configuration: tls });
    const chain = await shownChain('nats', { host: '127.0.0.1', port: nats.port });
    expect(asHex(chain)).toEqual(asHex([leaf.der, root.certificate.der]));
    for (let again = 0; again < 10; again++) await shownChain('nats', { host: '127.0.0.1', port: nats.port });
    expect(nats.output.filter((line) => line.includes('[ERR]'))).toEqual([]);
  }, 30_000);

  it('is nothing where NATS speaks no TLS', async () => {
    await using nats = await TestNats.start();
    expect(await shownChain('nats', { host: '127.0.0.1', port: nats.port })).toEqual([]);
  }, 30_000);

  it('is seen of Postgres, once it speaks TLS', async () => {
    await using postgres = await TestPostgres.start();
    const { hostname: host, port } = new URL(await postgres.createDatabase());
    const place = { host, port: Number(port) };
    expect(await shownChain('postgres', place)).toEqual([]);
    const write = (name: string, pem: string) =>
      postgres.query(
        `COPY (SELECT unnest(string_to_array('${pem.trim()}', E'\\n'))) TO PROGRAM 'umask 077; cat > ${name}'`,
      );
    await write('server.crt', leaf.pem);
    await write('server.key', leaf.key.pem);
    await postgres.query(`ALTER SYSTEM SET ssl = 'on'`);
    await postgres.query('SELECT pg_reload_conf()');
    const chain = await until(
      async () => {
        const shown = await shownChain('postgres', place);
        return shown.length > 0 ? shown : undefined;
      },
      { what: 'Postgres to speak TLS' },
    );
    expect(asHex(chain)).toEqual(asHex([leaf.der]));
  }, 60_000);

  it('is a failure where nobody listens, and where something else answers', async () => {
    await expect(shownChain('postgres', { host: '127.0.0.1', port: 1 })).rejects.toThrow();
    const server = createServer((socket) => void socket.on('error', () => undefined).end('x'.repeat(100_000)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const place = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    await expect(shownChain('nats', place)).rejects.toThrow('says no INFO');
    expect(await shownChain('postgres', place)).toEqual([]);
    server.close();
  });
});
