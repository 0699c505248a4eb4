import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminClient } from '@sluice/admin-client';
import { TemporaryFolder, TestAuthority } from '@sluice/testing';
import {
  createServiceInstance,
  createServiceKey,
  createUserRole,
  revokeServiceKey,
  updateServiceInstance,
} from '@sluice/contracts';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { LocalStack } from './stack/local-stack.js';
import { runCommandLine } from './stack/run-command-line.js';

const root = join(import.meta.dirname, '..', '..', '..');

interface Shown {
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

/** One connection that is kept, as long as the server does. */
class Connection {
  readonly #agent: Agent;
  constructor(
    private readonly url: string,
    ca: string,
    private readonly shown: Shown,
  ) {
    const { cert, key } = shown;
    this.#agent = new Agent({ ca, ...(cert && key ? { cert, key } : {}), keepAlive: true, maxSockets: 1 });
  }

  async call(path = '/v1/service-keys', token = this.shown.token) {
    const outgoing = request(new URL(path, this.url), {
      agent: this.#agent,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const body = JSON.parse(await text(response)) as { code?: string; detail?: string };
    return { status: response.statusCode, reused: outgoing.reusedSocket, ...body };
  }

  close(): void {
    this.#agent.destroy();
  }
}

describe('the admin API over TLS', () => {
  let stack: LocalStack;
  let admin: AdminClient;
  let ca: string;
  let folder: TemporaryFolder;
  const connections: Connection[] = [];
  const connect = (shown: Shown) => {
    const made = new Connection(stack.facts.adminUrl, ca, shown);
    connections.push(made);
    return made;
  };
  let names = 0;
  const instance = (plan: 'api' | 'integration-flow', roles: string[]) =>
    admin.call(createServiceInstance, { name: `robots-${++names}`, plan, parameters: { roles } });
  const certificateKey = async (serviceInstanceId: string) => {
    const made = await admin.call(createServiceKey, {
      serviceInstanceId,
      name: `robot-${++names}`,
      parameters: { 'key-type': 'certificate', 'key-algorithm': 'P-256', validity: 30 },
    });
    const { certificate: cert = '', key = '' } = made.credentials as { certificate?: string; key?: string };
    return { id: made.id, cert, key };
  };

  beforeAll(async () => {
    folder = new TemporaryFolder('admin-tls');
    stack = await LocalStack.start({ environment: { SLUICE_ADMIN_TLS: 'on' } });
    ca = stack.serverRoot;
    admin = new AdminClient({ url: stack.facts.adminUrl, token: stack.facts.adminToken, tls: { ca } });
  }, 120_000);
  afterAll(async () => {
    for (const connection of connections) connection.close();
    await stack?.stop();
    folder?.remove();
  });

  it('is what stack.json names, is called by curl with its root, and by nobody in plain HTTP', async () => {
    expect(stack.facts.adminUrl).toBe(`https://localhost:${stack.ports.admin}`);
    const curl = (...words: string[]) => promisify(execFile)('curl', ['-s', '-w', '%{http_code}', ...words]);
    const { stdout } = await curl('--cacert', stack.facts.serverRootCaFile, `${stack.facts.adminUrl}/livez`);
    expect(stdout).toMatch(/200$/);
    await expect(curl(`${stack.facts.adminUrl}/livez`)).rejects.toMatchObject({ code: 60 });
    await expect(curl(`http://localhost:${stack.ports.admin}/livez`)).rejects.toMatchObject({ code: 52 });
  });

  it('lets a key of plan api in by its certificate, with the rights that its instance has at each call', async () => {
    const { id } = await instance('api', ['API.invoke', 'Keys.read']);
    const robot = await certificateKey(id);
    const connection = connect(robot);
    expect(await connection.call()).toMatchObject({ status: 200, reused: false });
    expect(await connection.call('/v1/user-roles')).toMatchObject({
      status: 403,
      missing: ['Roles.read'],
      reused: true,
    });
    await admin.call(updateServiceInstance, { id, parameters: { roles: ['API.invoke', 'Roles.read'] } });
    expect(await connection.call()).toMatchObject({ status: 403, missing: ['Keys.read'], reused: true });
    expect(await connection.call('/v1/user-roles')).toMatchObject({ status: 200, reused: true });
    await admin.call(updateServiceInstance, { id, parameters: { roles: ['Roles.read'] } });
    expect(await connection.call('/v1/user-roles')).toMatchObject({
      status: 403,
      missing: ['API.invoke'],
      reused: true,
    });
  });

  it('refuses a key that is revoked with the next request of the open connection, every time', async () => {
    const { id } = await instance('api', ['API.invoke', 'Keys.read']);
    for (let turn = 0; turn < 2; turn++) {
      const robot = await certificateKey(id);
      const connection = connect(robot);
      expect(await connection.call()).toMatchObject({ status: 200 });
      await admin.call(revokeServiceKey, { id: robot.id });
      expect(await connection.call()).toMatchObject({ status: 401, code: 'unauthenticated', reused: true });
    }
  });

  it('names what it did in the audit trail as it does for its tokens', async () => {
    const { id, name } = await instance('api', ['API.invoke', 'Roles.manage', 'Audit.read']);
    const robot = await certificateKey(id);
    const client = new AdminClient({ url: stack.facts.adminUrl, tls: { ca, certificate: robot.cert, key: robot.key } });
    await client.call(createUserRole, { name: 'Made.by.robot', description: '' });
    const entries = (await connect(robot).call('/v1/audit?operation=create-user-role&limit=1')) as unknown as {
      items: { actor: string }[];
    };
    expect(entries.items[0]?.actor).toMatch(new RegExp(`^${name}/robot-`));
  });

  it('tells a key of another plan why it is refused, and strangers nothing', async () => {
    const { id } = await instance('integration-flow', ['ESBMessaging.send']);
    expect(await connect(await certificateKey(id)).call()).toMatchObject({
      status: 403,
      code: 'permission-denied',
      detail: expect.stringContaining('has the plan integration-flow: the admin API is open to plan api') as unknown,
    });
    const authority = await TestAuthority.root({ subject: 'CN=Nobody' });
    const stranger = await authority.leaf({ subject: 'CN=stranger' });
    const refused = await connect({ cert: stranger.chainPem, key: stranger.key.pem }).call();
    expect(refused).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(refused.detail).not.toContain('Nobody');
  });

  it('takes the token where both are shown, and a bound token with its certificate alone', async () => {
    const api = await instance('api', ['API.invoke', 'Keys.read']);
    const [robot, other] = [await certificateKey(api.id), await certificateKey(api.id)];
    const secret = await admin.call(createServiceKey, {
      serviceInstanceId: api.id,
      name: 'by-secret',
      parameters: { 'key-type': 'client_secret' },
    });
    const { clientid, clientsecret } = secret.credentials as { clientid: string; clientsecret: string };
    writeFileSync(join(folder.path, 'robot.pem'), robot.cert);
    writeFileSync(join(folder.path, 'robot.key'), robot.key, { mode: 0o600 });
    const { stdout } = await promisify(execFile)('curl', [
      '-s',
      ...['--cacert', stack.facts.serverRootCaFile],
      ...['--cert', join(folder.path, 'robot.pem'), '--key', join(folder.path, 'robot.key')],
      ...['-u', `${clientid}:${clientsecret}`, '-d', 'grant_type=client_credentials'],
      `${stack.facts.adminUrl}/oauth/token`,
    ]);
    const { access_token: bound } = JSON.parse(stdout) as { access_token: string };
    expect(await connect({ ...robot, token: bound }).call()).toMatchObject({ status: 200 });
    expect(await connect({ token: bound }).call()).toMatchObject({ status: 401 });
    expect(await connect({ ...other, token: bound }).call()).toMatchObject({ status: 401 });
    // A certificate that would do by itself makes up for no wrong token.
    expect(await connect({ ...robot, token: 'slu_wrong' }).call()).toMatchObject({ status: 401 });
    expect(await connect({ ...robot, token: `${bound.slice(0, -4)}AAAA` }).call()).toMatchObject({ status: 401 });
    await admin.call(revokeServiceKey, { id: secret.id });
    expect(await connect({ ...robot, token: bound }).call()).toMatchObject({ status: 401 });
    expect(await connect(robot).call()).toMatchObject({ status: 200 });
  });

  it('is administered by sluice with the CA of its certificate, and with a certificate in place of a token', async () => {
    const { id } = await instance('api', ['API.invoke', 'Keys.read', 'Roles.read']);
    const robot = await certificateKey(id);
    const file = (name: string) => join(folder.path, name);
    writeFileSync(file('cli.pem'), robot.cert);
    writeFileSync(file('cli.key'), robot.key, { mode: 0o600 });
    const sluice = (environment: Record<string, string>, ...words: string[]) =>
      runCommandLine([process.execPath, join(root, 'tools', 'cli', 'dist', 'sluice', 'main.js')], words, {
        HOME: folder.path,
        SLUICE_CONFIG: file('contexts.json'),
        ...environment,
      });
    const login = ['login', stack.facts.adminUrl, '--certificate', file('cli.pem'), '--key', file('cli.key')];
    const untrusted = await sluice({}, ...login);
    expect([untrusted.code, untrusted.err]).toEqual([1, expect.stringContaining('is not trusted here')]);
    expect(await sluice({}, ...login, '--ca', stack.facts.serverRootCaFile)).toMatchObject({ code: 0, err: '' });
    expect((await sluice({}, 'role', 'list')).out).toContain('ESBMessaging.send');
    expect((await sluice({}, 'role', 'create', 'Not.allowed')).code).toBe(4);
    const half = await sluice({}, ...login.slice(0, 4));
    expect([half.code, half.err]).toEqual([2, expect.stringContaining('go together')]);
    // The local stack says in stack.json by which CA it is trusted; and the environment may.
    expect((await sluice({ SLUICE_HOME: stack.home }, 'key', 'list')).code).toBe(0);
    const named = { SLUICE_ADMIN_URL: stack.facts.adminUrl, SLUICE_ADMIN_CA_FILE: stack.facts.serverRootCaFile };
    expect((await sluice({ ...named, SLUICE_ADMIN_TOKEN: stack.facts.adminToken }, 'key', 'list')).code).toBe(0);
    const byCertificate = { SLUICE_ADMIN_CERTIFICATE_FILE: file('cli.pem'), SLUICE_ADMIN_KEY_FILE: file('cli.key') };
    expect((await sluice({ ...named, ...byCertificate }, 'key', 'list')).code).toBe(0);
  });

  it('does not start in plain HTTP where others could reach it, and says what to set', async () => {
    const child = spawn(process.execPath, [join(root, 'apps', 'admin-api', 'dist', 'main.js')], {
      env: {
        PATH: process.env['PATH'],
        NATS_URL: stack.facts.natsUrl,
        NATS_SEED_FILE: join(stack.home, 'secrets', 'admin-api.nk'),
        NATS_CA_FILE: stack.facts.serverRootCaFile,
        ADMIN_HOST: '0.0.0.0',
        ADMIN_PORT: '0',
      },
    });
    const said = text(child.stderr);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(78);
    expect(await said).toMatch(/ADMIN_HOST is wrong: without TLS it must be a loopback address: set ADMIN_TLS_/);
  });
});
