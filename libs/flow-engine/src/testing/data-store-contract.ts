import { beforeEach, describe, expect, it } from '@jest/globals';
import type { DataStoreEntry, DataStorePort } from '../port/flow-ports.js';

const day = 86_400_000;

/** A data store under test: two flows that share it, and the clock it goes by. */
export interface DataStoreUnderTest {
  readonly ofFlow: (flowId: string) => DataStorePort;
  readonly advance: (milliseconds: number) => void;
}

/** What every data store promises (SAP Cloud Integration: "Define Data Store Operations"). */
export function describeDataStore(name: string, make: () => Promise<DataStoreUnderTest> | DataStoreUnderTest): void {
  describe(`the data store ${name}`, () => {
    let under: DataStoreUnderTest;
    let store: DataStorePort;
    const local = { store: 'orders', visibility: 'local' } as const;
    const global = { store: 'orders', visibility: 'global' } as const;
    const keep = { overwrite: false, encrypt: false, expirationDays: 30 };
    const entry = (
      id: string,
      body = `<order>${id}</order>`,
      headers: Record<string, string> = {},
    ): DataStoreEntry => ({
      id,
      body: new TextEncoder().encode(body),
      headers,
    });
    const text = (found: DataStoreEntry | undefined) => found && new TextDecoder().decode(found.body);

    beforeEach(async () => {
      under = await make();
      store = under.ofFlow('a');
    });

    it('gives back what was written, its headers too', async () => {
      await store.write(local, entry('1', '<o>ä</o>', { 'X-Kind': 'new' }), keep);
      const found = await store.get(local, '1');
      expect([found?.id, text(found), found?.headers]).toEqual(['1', '<o>ä</o>', { 'X-Kind': 'new' }]);
    });

    it('gives back bytes as they were', async () => {
      const body = Uint8Array.from({ length: 256 }, (_, index) => index);
      for (const encrypt of [false, true]) {
        await store.write(local, { id: `${encrypt}`, body, headers: {} }, { ...keep, encrypt });
        expect(Array.from((await store.get(local, `${encrypt}`))?.body ?? [])).toEqual(Array.from(body));
      }
    });

    it('knows no entry that was not written', async () => {
      expect(await store.get(local, '1')).toBeUndefined();
      expect(await store.select(local, 10)).toEqual([]);
      await store.delete(local, ['1']);
    });

    it('refuses a second entry of one id unless it is to overwrite', async () => {
      await store.write(local, entry('1', 'first'), keep);
      await expect((async () => store.write(local, entry('1', 'second'), keep))()).rejects.toMatchObject({
        code: 'data-store-duplicate',
      });
      expect(text(await store.get(local, '1'))).toBe('first');
      await store.write(local, entry('1', 'third'), { ...keep, overwrite: true });
      expect(text(await store.get(local, '1'))).toBe('third');
    });

    it('lets one of several writers of one id win', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, async (_, n) => store.write(local, entry('1', `${n}`), keep)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('selects the oldest first, as many as asked for', async () => {
      for (const id of ['c', 'a', 'b']) {
        await store.write(local, entry(id), keep);
        under.advance(1);
      }
      expect((await store.select(local, 2)).map(({ id }) => id)).toEqual(['c', 'a']);
      expect(await store.select(local, 10)).toHaveLength(3);
    });

    it('deletes the entries that are named and no others', async () => {
      for (const id of ['1', '2', '3']) await store.write(local, entry(id), keep);
      await store.delete(local, ['1', '3', 'unknown']);
      expect((await store.select(local, 10)).map(({ id }) => id)).toEqual(['2']);
    });

    it('keeps a local store to its flow, and shares a global one', async () => {
      const other = under.ofFlow('b');
      await store.write(local, entry('1', 'of a'), keep);
      await store.write(global, entry('1', 'of all'), keep);
      expect(await other.get(local, '1')).toBeUndefined();
      await other.write(local, entry('1', 'of b'), keep);
      expect([text(await store.get(local, '1')), text(await other.get(local, '1'))]).toEqual(['of a', 'of b']);
      expect(text(await other.get(global, '1'))).toBe('of all');
      await other.delete(global, ['1']);
      expect(await store.get(global, '1')).toBeUndefined();
    });

    it('keeps stores of different names apart', async () => {
      await store.write(local, entry('1'), keep);
      expect(await store.get({ ...local, store: 'others' }, '1')).toBeUndefined();
    });

    it('forgets an entry when its days are over, and then takes one of its id again', async () => {
      await store.write(local, entry('1', 'first'), { ...keep, expirationDays: 2 });
      under.advance(2 * day - 1);
      expect(text(await store.get(local, '1'))).toBe('first');
      under.advance(1);
      expect(await store.get(local, '1')).toBeUndefined();
      expect(await store.select(local, 10)).toEqual([]);
      await store.write(local, entry('1', 'second'), keep);
      expect(text(await store.get(local, '1'))).toBe('second');
    });
  });
}
