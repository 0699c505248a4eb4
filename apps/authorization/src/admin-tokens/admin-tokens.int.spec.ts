import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceUnderTest } from '@sluice/service-shell/testing';
import { TestNats, TestPostgres } from '@sluice/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busConfiguration, startAuthorization } from '../testing/authorization-fixture.js';
import { AdminTokensController } from './admin-tokens.controller.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const actor = { name: 'anna' };
const folder = mkdtempSync(join(tmpdir(), 'sluice-admin-tokens-'));
const hashFile = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
let postgres: TestPostgres;
let nats: TestNats;
let connection: NatsConnection;
let databaseUrl: string;
let service: ServiceUnderTest;
let tokens: AdminTokensController;

const start = (initial: string) =>
  startAuthorization({
    databaseUrl,
    connection,
    now: () => Date.UTC(2026, 2, 5),
    environment: { INITIAL_ADMIN_TOKEN_HASH_FILE: initial },
  });

beforeAll(async () => {
  [postgres, nats] = await Promise.all([
    TestPostgres.start(),
    TestNats.start({ configuration: ({ listen, folder: at }) => busConfiguration(listen, join(at, 'jetstream')) }),
  ]);
  connection = await connect({ servers: nats.url });
  databaseUrl = await postgres.createDatabase();
  service = await start(hashFile('first', `${sha256('first')}\n`));
  tokens = service.get(AdminTokensController);
}, 90_000);

afterAll(async () => {
  await service?.stop();
  await connection?.close();
  await Promise.all([nats?.stop(), postgres?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
const names = async () => (await tokens.list({ limit: 100 })).items.map(({ name }) => name);
const create = (name: string) => tokens.create({ name, tokenSha256: sha256(name), sealed: btoa('sealed'), actor });

describe('admin tokens', () => {
  it('begin with the one of the installation, which is known by its hash', async () => {
    expect(await names()).toEqual(['initial']);
    expect(await tokens.authenticate({ tokenSha256: sha256('first') })).toEqual({ name: 'initial' });
    expect(await codeOf(tokens.authenticate({ tokenSha256: sha256('another') }))).toBe('unauthenticated');
  });

  it('keep the last one: without it nobody could make another', async () => {
    expect(await codeOf(tokens.revoke({ name: 'initial', actor }))).toBe('protected');
    expect(await names()).toEqual(['initial']);
  });

  it('have names of their own, and are listed in their order page by page', async () => {
    for (const name of ['platform', 'audit']) await create(name);
    expect(await codeOf(create('audit'))).toBe('name-in-use');
    const first = await tokens.list({ limit: 2 });
    expect(first.items).toEqual(['audit', 'initial'].map((name) => ({ name, createdAt: '2026-03-05T00:00:00.000Z' })));
    expect((await tokens.list({ limit: 2, after: first.next ?? '' })).items).toMatchObject([{ name: 'platform' }]);
  });

  it('grant nothing from the moment they are revoked on', async () => {
    await create('leaving');
    expect(await codeOf(tokens.authenticate({ tokenSha256: sha256('leaving') }))).toBe('answered');
    await tokens.revoke({ name: 'leaving', actor });
    expect(await codeOf(tokens.authenticate({ tokenSha256: sha256('leaving') }))).toBe('unauthenticated');
    expect(await codeOf(tokens.revoke({ name: 'leaving', actor }))).toBe('not-found');
  });

  it('are not joined by that of the installation again, whatever its file holds later', async () => {
    await tokens.revoke({ name: 'initial', actor });
    const second = await start(hashFile('second', sha256('second')));
    try {
      expect(await codeOf(tokens.authenticate({ tokenSha256: sha256('second') }))).toBe('unauthenticated');
      expect(await names()).not.toContain('initial');
    } finally {
      await second.stop();
    }
  });

  it('do not begin with a text that is no hash: the file and what it must hold are named', async () => {
    const file = hashFile('text', 'the token itself');
    await expect(start(file)).rejects.toThrow(`${file} must hold the SHA-256 of the first admin token`);
  });
});
