import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, TemporaryFolder, TestAuthority, until } from '@sluice/testing';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { Administrator } from './administrator/administrator.js';
import { connectAsService } from './bus/connect-to-bus.js';
import { LocalStack } from './stack/local-stack.js';
import { runAdminCommand, runSluice } from './stack/run-admin-command.js';
import { senderWithCertificate, senderWithKey } from './stack/senders.js';

const hour = 3_600_000;

describe('keeping what matters', () => {
  let stack: LocalStack;
  let administrator: Administrator;

  beforeAll(async () => {
    stack = await LocalStack.start({ environment: { SLUICE_AUDIT_HEAD_SECONDS: '1' } });
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterAll(() => stack?.stop());

  describe('npm run admin -- backup and restore', () => {
    it('bring keys, flows and the audit trail to an empty home, and change nothing where there is data', async () => {
      using folder = new TemporaryFolder('restored');
      const [home, backup] = [join(folder.path, 'home'), join(folder.path, 'sluice.backup')];
      const flow = await administrator.deployFlow();
      const key = await administrator.createCertificateKey(await administrator.createInstance());
      expect(await runAdminCommand(stack.home, ['backup', backup])).toMatchObject({ code: 0 });
      expect(statSync(backup).mode & 0o077).toBe(0);
      expect(await runAdminCommand(stack.home, ['restore', backup])).toMatchObject({
        code: 1,
        text: expect.stringContaining('has data already'),
      });
      const broken = join(folder.path, 'broken.backup');
      writeFileSync(broken, readFileSync(backup).subarray(0, statSync(backup).size - 200));
      expect(await runAdminCommand(home, ['restore', broken])).toMatchObject({ code: 1 });
      expect(existsSync(home)).toBe(false);

      const ports = { admin: await freePort(), flow: await freePort() };
      const environment = { SLUICE_ADMIN_PORT: String(ports.admin), SLUICE_FLOW_PORT: String(ports.flow) };
      expect(await runAdminCommand(home, ['restore', backup], environment)).toMatchObject({ code: 0 });
      await using restored = await LocalStack.start({ home, ports });
      using sender = senderWithKey(restored, key);
      expect((await sender.send(`/http/${flow.id}`, { body: 'x' })).status).toBe(200);
      expect(await runSluice(home, ['state', 'compare'])).toMatchObject({ code: 0 });
      expect(await runAdminCommand(home, ['verify-audit'])).toMatchObject({ code: 0 });
      const next = new Administrator(restored.facts.adminUrl, stack.facts.adminToken);
      await next.createCertificateKey(await next.createInstance());
      // Two more stacks are started one after the other, beside the first.
    }, 300_000);
  });

  describe('npm run admin -- verify-audit', () => {
    it('finds what was done to the audit trails, with who changed what before', async () => {
      const { token } = await administrator.client.expect<{ token: string }>(201, 'POST', '/v1/admin-tokens', {
        name: 'operator-7',
      });
      const operator = new Administrator(stack.facts.adminUrl, token);
      const role = await operator.createRole();
      const instance = await operator.createInstance([role], 'operated');
      await operator.setRoles(instance, ['ESBMessaging.send']);
      await operator.createCertificateKey(instance);
      await operator.deployFlow();
      interface Entry {
        readonly service: string;
        readonly sequence: number;
        readonly actor: string;
        readonly action: string;
        readonly changes: readonly {
          readonly table: string;
          readonly before: Record<string, unknown> | null;
          readonly after: Record<string, unknown> | null;
        }[];
      }
      const listed = await administrator.client.expect<{ items: Entry[] }>(200, 'GET', '/v1/audit?limit=1000');
      const by = listed.items.filter(({ actor }) => actor === 'operator-7');
      // The newest first, of all services.
      expect(by.map(({ action }) => action)).toEqual([
        'sluice.flow-runtime.deploy-flow.v1',
        'sluice.key-management.create-service-key.v1',
        'sluice.key-management.update-service-instance.v1',
        'sluice.key-management.create-service-instance.v1',
        'sluice.authorization.create-user-role.v1',
      ]);
      expect(by[2]?.changes).toMatchObject([
        {
          table: 'service_instance',
          before: { id: instance.id, parameters: { roles: [role] } },
          after: { id: instance.id, parameters: { roles: ['ESBMessaging.send'] } },
        },
      ]);
      expect(by[1]?.changes.map(({ table, before }) => [table, before])).toEqual([
        ['service_key', null],
        ['credential', null],
      ]);
      const first = await administrator.client.expect<{ items: Entry[]; next: string }>(
        200,
        'GET',
        '/v1/audit?limit=2',
      );
      const second = await administrator.client.expect<{ items: Entry[] }>(
        200,
        'GET',
        `/v1/audit?limit=2&after=${first.next}`,
      );
      expect([...first.items, ...second.items]).toEqual(listed.items.slice(0, 4));

      const newest = by[1]?.sequence ?? 0;
      await until(
        async () => {
          const { text } = await runAdminCommand(stack.home, ['verify-audit']);
          return /key-management +whole.*[1-9]\d* heads told/.test(text);
        },
        { what: 'an event audit.head', timeoutMs: 30_000 },
      );
      const database = new pg.Client({ connectionString: stack.facts.databaseUrl });
      await database.connect();
      const head = async () => {
        const { rows } = await database.query('SELECT * FROM key_management.audit_head');
        return rows[0] as { sequence: string; hash: string; announced_at: Date | null };
      };
      // The heads are read before one is announced: the second from now on is surely of what is there now.
      for (let round = 0; round < 2; round++) {
        const before = (await head()).announced_at?.getTime();
        await until(async () => (await head()).announced_at?.getTime() !== before, {
          what: 'a head that is announced',
          timeoutMs: 30_000,
        });
      }
      expect(Number((await head()).sequence)).toBeGreaterThanOrEqual(newest);
      await until(async () => (await runAdminCommand(stack.home, ['verify-audit'])).code === 0, {
        what: 'a whole trail',
      });
      // Somebody who may do everything in the database takes the newest entry away and mends the head.
      await database.query('BEGIN');
      await database.query(
        'DELETE FROM key_management.audit_entry WHERE sequence = (SELECT sequence FROM key_management.audit_head)',
      );
      await database.query(
        `UPDATE key_management.audit_head SET (sequence, hash) =
           (SELECT sequence, hash FROM key_management.audit_entry ORDER BY sequence DESC LIMIT 1)`,
      );
      await database.query('COMMIT');
      await database.end();
      const found = await runAdminCommand(stack.home, ['verify-audit']);
      expect(found.text).toMatch(/missing at the end, as audit\.head shows/);
      expect(found.code).toBe(2);
    });
  });

  describe('sluice state compare and rebuild', () => {
    it('find what was done to the state stream, and make it anew with the guards of unpinned keys', async () => {
      const root = await TestAuthority.root({ subject: 'CN=Partner Root,O=Partner' });
      await administrator.addTrustedRoot(root.pem);
      const issuedAt = (agoMs: number) =>
        root.leaf({ subject: 'CN=sender,O=Partner', notBefore: new Date(Date.now() - agoMs) });
      const [older, newer] = [await issuedAt(2 * hour), await issuedAt(hour)];
      const instance = await administrator.createInstance();
      await administrator.createKey(instance, {
        'key-type': 'certificate_external',
        'X.509': older.pem,
        'pin-certificate': false,
      });
      const flow = await administrator.deployFlow();
      const path = `/http/${flow.id}`;
      using first = senderWithCertificate(stack, older);
      using second = senderWithCertificate(stack, newer);
      using pinned = senderWithKey(stack, await administrator.createCertificateKey(instance));
      const statuses = async () => [
        (await first.send(path, { body: 'x' })).status,
        (await second.send(path, { body: 'x' })).status,
        (await pinned.send(path, { body: 'x' })).status,
      ];
      expect(await statuses()).toEqual([200, 200, 200]);
      expect(await statuses()).toEqual([401, 200, 200]);
      expect(await runSluice(stack.home, ['state', 'compare'])).toMatchObject({ code: 0 });

      const intruder = await connectAsService(stack, 'authorization');
      const header = headers();
      header.set('Sluice-Record-Version', '9');
      const record = { key: 'role.Smuggled', version: 9, deleted: false, name: 'Smuggled' };
      // The stream is repaired by itself all the time, perhaps just before it is compared.
      const found = await until(
        async () => {
          await jetstream(intruder).publish('$KV.SLUICE_STATE.role.Smuggled', JSON.stringify(record), {
            headers: header,
          });
          const compared = await runSluice(stack.home, ['state', 'compare']);
          return compared.code === 0 ? undefined : compared;
        },
        { what: 'a comparison that finds it' },
      );
      await intruder.close();
      expect(found.text).toMatch(/unexpected +role\.Smuggled/);
      expect(found.code).toBe(7);

      const rebuilt = await runSluice(stack.home, ['state', 'rebuild', '--yes']);
      expect(rebuilt).toMatchObject({ code: 0, text: expect.stringContaining('The stream is made anew') });
      await until(async () => (await second.send(path, { body: 'x' })).status === 200, {
        what: 'a call that is let in again',
      });
      expect(await statuses()).toEqual([401, 200, 200]);
    });
  });
});
