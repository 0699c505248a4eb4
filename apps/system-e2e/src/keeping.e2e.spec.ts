import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority, until } from '@sluice/testing';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { Administrator } from './administrator/administrator.js';
import { connectAsService } from './bus/connect-to-bus.js';
import { LocalStack } from './stack/local-stack.js';
import { runAdminCommand } from './stack/run-admin-command.js';
import { senderWithCertificate, senderWithKey } from './stack/senders.js';

const hour = 3_600_000;

describe('keeping what matters', () => {
  let stack: LocalStack;
  let administrator: Administrator;

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterAll(() => stack?.stop());

  describe('npm run admin -- compare-state and rebuild-state', () => {
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
      expect(await runAdminCommand(stack.home, ['compare-state'])).toMatchObject({ code: 0 });

      const intruder = await connectAsService(stack, 'authorization');
      const header = headers();
      header.set('Sluice-Record-Version', '9');
      const record = { key: 'role.Smuggled', version: 9, deleted: false, name: 'Smuggled' };
      await jetstream(intruder).publish('$KV.SLUICE_STATE.role.Smuggled', JSON.stringify(record), { headers: header });
      await intruder.close();
      const found = await runAdminCommand(stack.home, ['compare-state']);
      expect(found.text).toMatch(/unexpected +role\.Smuggled/);
      expect(found.code).toBe(2);

      const rebuilt = await runAdminCommand(stack.home, ['rebuild-state']);
      expect(rebuilt).toMatchObject({ code: 0, text: expect.stringContaining('The stream is made anew') });
      await until(async () => (await second.send(path, { body: 'x' })).status === 200, {
        what: 'a call that is let in again',
      });
      expect(await statuses()).toEqual([401, 200, 200]);
    });
  });
});
