import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TemporaryFolder, TestPostgres, until } from '@sluice/testing';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LocalStack } from './stack/local-stack.js';

const isRoot = process.getuid?.() === 0;
const withDisk = isRoot ? it : it.skip;

interface Answered {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly problem: { readonly code?: string; readonly detail?: string };
}

describe('what Postgres cannot do now, as an administrator is told it', () => {
  let postgres: TestPostgres;
  let stack: LocalStack;
  let names = 0;

  beforeAll(async () => {
    postgres = await TestPostgres.start();
    stack = await LocalStack.start({ environment: { DATABASE_URL: postgres.url } });
  }, 180_000);
  afterAll(async () => {
    await stack?.stop();
    await postgres?.stop();
  });

  async function ask(method: string, path: string, body?: unknown): Promise<Answered> {
    const { adminUrl, adminToken } = stack.facts;
    const answer = await fetch(`${adminUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: answer.status,
      retryAfter: answer.headers.get('retry-after'),
      problem: (await answer.json()) as Answered['problem'],
    };
  }

  const createInstance = () => ask('POST', '/v1/service-instances', { name: `instance-${++names}` });
  const createRole = () => ask('POST', '/v1/user-roles', { name: `Role.n${++names}`, description: '' });

  /** Not 504 either: the service answers before admin-api has given it up. */
  function expectNotNow(answers: readonly Answered[]): void {
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, retryAfter: '1', problem: { code: 'unavailable' } });
    }
  }

  async function untilChangesGoOn(): Promise<void> {
    for (const create of [createInstance, createRole])
      await until(async () => (await create()).status === 201, { what: 'a change', timeoutMs: 30_000 });
  }

  it('a server that is read-only', async () => {
    await postgres.query('ALTER SYSTEM SET default_transaction_read_only = on');
    await postgres.query('SELECT pg_reload_conf()');
    const refused = await until(
      async () => {
        const answer = await createInstance();
        return answer.status === 201 ? undefined : answer;
      },
      { what: 'a refusal' },
    );
    expectNotNow([refused, await createRole()]);
    expect(refused.problem.detail).toContain('read-only');
    expect((await ask('GET', '/v1/user-roles')).status).toBe(200);
    await postgres.query('ALTER SYSTEM RESET default_transaction_read_only', []);
    await postgres.query('SELECT pg_reload_conf()');
    await untilChangesGoOn();
  }, 60_000);

  it('rows that somebody else holds', async () => {
    const holding = postgres.query(
      'BEGIN; LOCK TABLE key_management.service_instance, "authorization".user_role IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(9); COMMIT',
    );
    await until(
      async () => (await postgres.query("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock'")).length > 0,
      {
        what: 'the lock',
      },
    );
    expectNotNow(await Promise.all([createInstance(), createRole(), ask('GET', '/v1/service-instances')]));
    await holding;
    await untilChangesGoOn();
  }, 60_000);

  it('a statement that was ended because it took too long', async () => {
    const holding = postgres.query(
      'BEGIN; LOCK TABLE key_management.service_instance IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT',
    );
    await until(
      async () => (await postgres.query("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock'")).length > 0,
      {
        what: 'the lock',
      },
    );
    const asked = createInstance();
    await until(
      async () =>
        (
          await postgres.query(
            `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'key_management' AND wait_event_type = 'Lock'`,
          )
        ).length > 0,
      { what: 'a statement that waits' },
    );
    expectNotNow([await asked]);
    await holding;
  }, 60_000);

  it('a role that has all its connections', async () => {
    for (const role of ['key_management', '"authorization"'])
      await postgres.query(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
    const end = () =>
      postgres.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('key_management', 'authorization')",
      );
    await end();
    const refused = await until(
      async () => {
        const answers = await Promise.all([createInstance(), ask('GET', '/v1/user-roles')]);
        expectNotNow(answers);
        return answers.find(({ problem }) => problem.detail?.includes('too many connections'));
      },
      { what: 'the reason' },
    );
    expect(refused.status).toBe(503);
    for (const role of ['key_management', '"authorization"'])
      await postgres.query(`ALTER ROLE ${role} CONNECTION LIMIT 50`);
    await untilChangesGoOn();
  }, 60_000);

  it('a server that is frozen', async () => {
    postgres.signal('SIGSTOP');
    try {
      for (let turn = 0; turn < 2; turn++)
        expectNotNow(await Promise.all([createInstance(), createRole(), ask('GET', '/v1/service-instances')]));
    } finally {
      postgres.signal('SIGCONT');
    }
    await untilChangesGoOn();
  }, 60_000);

  it('a server that is not there', async () => {
    await postgres.halt('SIGKILL');
    expectNotNow(await Promise.all([createInstance(), createRole(), ask('GET', '/v1/service-instances')]));
    await postgres.start();
    await untilChangesGoOn();
  }, 60_000);

  // A full disk needs a file system of its own, which only root may mount.
  withDisk(
    `a disk that is full${isRoot ? '' : ' (skipped: only root may mount one)'}`,
    async () => {
      const folder = new TemporaryFolder('full-tablespace');
      chmodSync(folder.path, 0o711);
      const disk = join(folder.path, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=711', 'tmpfs', disk]);
      try {
        const place = join(disk, 'tablespace');
        mkdirSync(place, { mode: 0o700 });
        const [server] = await postgres.query<{ data_directory: string }>('SHOW data_directory');
        const { uid, gid } = statSync(server?.data_directory ?? '');
        chownSync(place, uid, gid);
        await postgres.query(`CREATE TABLESPACE full_disk LOCATION '${place}'`);
        const { length } = await postgres.query(
          `SELECT format('ALTER TABLE %I.%I SET TABLESPACE full_disk', schemaname, tablename) FROM pg_tables WHERE schemaname = 'key_management'`,
        );
        expect(length).toBeGreaterThan(5);
        await postgres.query('ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE full_disk');
        await postgres.query('ALTER INDEX ALL IN TABLESPACE pg_default SET TABLESPACE full_disk');
        await postgres.query('CREATE TABLE filler (content text) TABLESPACE full_disk');
        const fill = (length: number) =>
          postgres.query(`INSERT INTO filler SELECT repeat('x', ${length}) FROM generate_series(1, 1000)`);
        for (const length of [1_900, 1])
          await expect(
            (async () => {
              for (;;) await fill(length);
            })(),
          ).rejects.toMatchObject({ code: '53100' });
        const refused: Answered[] = [];
        while (refused.length < 3) {
          const answer = await createInstance();
          if (answer.status !== 201 && answer.status !== 202) refused.push(answer);
        }
        expectNotNow(refused);
        expect(refused[0]?.problem.detail).toContain('disk of Postgres is full');
        await postgres.query('DROP TABLE filler');
        await untilChangesGoOn();
      } finally {
        await postgres.query('ALTER TABLE ALL IN TABLESPACE full_disk SET TABLESPACE pg_default');
        await postgres.query('ALTER INDEX ALL IN TABLESPACE full_disk SET TABLESPACE pg_default');
        await postgres.query('DROP TABLESPACE full_disk');
        execFileSync('umount', ['-l', disk]);
        folder.remove();
      }
    },
    120_000,
  );
});
