import { describe, expect, it } from '@jest/globals';
import { EffectJournal } from './effect-journal.js';

const crossing = (value: unknown, bytes = 0) => Promise.resolve({ value, parts: [Buffer.alloc(bytes)] });

describe('the journal of effects', () => {
  it('answers a call that was had before without having it again, and has those that come after', async () => {
    const journal = new EffectJournal();
    const had: string[] = [];
    const call = async (name: string) =>
      (
        await journal.answer(name, () => {
          had.push(name);
          return crossing(`${name} ${had.length}`);
        })
      ).value;
    expect([await call('a'), await call('a'), await call('b')]).toEqual(['a 1', 'a 2', 'b 3']);
    journal.rewind();
    expect([await call('a'), await call('b'), await call('a'), await call('c')]).toEqual(['a 1', 'b 3', 'a 2', 'c 4']);
    expect(had).toEqual(['a', 'a', 'b', 'c']);
  });

  it('gives the failure of before again, and an answer that has not come yet when it comes', async () => {
    const journal = new EffectJournal();
    await expect(journal.answer('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const late = Promise.withResolvers<{ value: unknown; parts: Uint8Array[] }>();
    void journal.answer('b', () => late.promise);
    journal.rewind();
    const never = () => Promise.reject(new Error('had twice'));
    await expect(journal.answer('a', never)).rejects.toThrow('no');
    const answer = journal.answer('b', never);
    late.resolve({ value: 1, parts: [] });
    expect((await answer).value).toBe(1);
  });

  it('has no other effect while some of before were not asked for again: nobody could say what was had', async () => {
    const journal = new EffectJournal();
    await journal.answer('a', () => crossing(1));
    journal.rewind();
    let had = false;
    const other = journal.answer('b', () => {
      had = true;
      return crossing(2);
    });
    await expect(other).rejects.toThrow('other effects than before');
    expect(had).toBe(false);
  });

  it('says when it has kept too much for the message to be run again', async () => {
    const many = new EffectJournal();
    for (let n = 0; n < 501; n++) await many.answer('a', () => crossing(n));
    expect(many.complete).toBe(false);
    const large = new EffectJournal();
    await large.answer('a', () => crossing(1, 17 * 1_048_576));
    await large.answer('a', () => crossing(2));
    expect(large.complete).toBe(false);
    expect(new EffectJournal().complete).toBe(true);
  });
});
