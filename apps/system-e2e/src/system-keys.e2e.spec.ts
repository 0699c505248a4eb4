import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Administrator } from './administrator/administrator.js';
import { LocalStack } from './stack/local-stack.js';
import { runAdminCommand, runSluice } from './stack/run-admin-command.js';
import { senderWithKey } from './stack/senders.js';

describe('a rotation of a system key under traffic', () => {
  let stack: LocalStack;
  let administrator: Administrator;

  beforeAll(async () => {
    stack = await LocalStack.start();
    administrator = new Administrator(stack.facts.adminUrl, stack.facts.adminToken);
  });

  afterAll(() => stack?.stop());

  /** Calls of a known sender without a pause, and keys that are made and used meanwhile. @returns what was answered */
  const underTraffic = async (work: () => Promise<void>): Promise<ReadonlyMap<string, number>> => {
    const flow = await administrator.deployFlow();
    const instance = await administrator.createInstance();
    const answers = new Map<string, number>();
    const count = (what: string) => answers.set(what, (answers.get(what) ?? 0) + 1);
    let ended = false;
    const calls = async () => {
      using sender = senderWithKey(stack, await administrator.createCertificateKey(instance));
      while (!ended) count(`known ${(await sender.send(`/http/${flow.id}`, { body: 'x' })).status}`);
    };
    const keys = async () => {
      while (!ended) {
        using sender = senderWithKey(stack, await administrator.createCertificateKey(instance));
        count(`new ${(await sender.send(`/http/${flow.id}`, { body: 'x' })).status}`);
      }
    };
    const traffic = Promise.all([calls(), keys()]);
    try {
      await work();
    } finally {
      ended = true;
    }
    await traffic;
    return answers;
  };

  it.each([
    ['rotate-master-key', 'The old master key is removed', 'master.key'],
    ['rotate-record-key', 'The old key is removed', 'record-signing.key'],
  ])(
    'by %s fails no call and no new key',
    async (command, last, file) => {
      const path = join(stack.home, 'secrets', file);
      const before = readFileSync(path, 'utf8');
      const answers = await underTraffic(async () => {
        expect(await runAdminCommand(stack.home, [command])).toMatchObject({
          code: 0,
          text: expect.stringContaining(last),
        });
      });
      expect([...answers.keys()].sort()).toEqual(['known 200', 'new 200']);
      expect(readFileSync(path, 'utf8')).not.toBe(before);
      expect(await runSluice(stack.home, ['state', 'compare'])).toMatchObject({ code: 0 });
    },
    120_000,
  );
});
