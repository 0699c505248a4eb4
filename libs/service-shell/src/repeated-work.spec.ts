import { afterEach, describe, expect, it } from '@jest/globals';
import { RepeatedWork } from './repeated-work.js';

describe('work that is repeated', () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(() => Promise.all(stops.splice(0).map((stop) => stop())));

  const repeat = (work: () => Promise<unknown>, everyMs = 3_600_000) => {
    const faults: [unknown, string][] = [];
    const onFault = (error: unknown, what: string) => void faults.push([error, what]);
    const repeated = new RepeatedWork({ work, what: 'sweeping', everyMs, onFault });
    stops.push(() => repeated.stop());
    return { repeated, faults };
  };

  it('is done again after each interval', async () => {
    let times = 0;
    await new Promise<void>((resolve) => {
      repeat(() => (++times === 3 ? Promise.resolve(resolve()) : Promise.resolve()), 1).repeated.start();
    });
    expect(times).toBe(3);
  });

  it('is not done twice at once, and who asks meanwhile waits for the one under way', async () => {
    let times = 0;
    let finish = (): void => undefined;
    const { repeated } = repeat(() => {
      times++;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    const both = [repeated.now(), repeated.now()];
    expect(times).toBe(1);
    finish();
    await Promise.all(both);
    const again = repeated.now();
    expect(times).toBe(2);
    finish();
    await again;
  });

  it.each<[string, () => Promise<never>]>([
    ['rejected', () => Promise.reject(new Error('no database'))],
    [
      'thrown',
      () => {
        throw new Error('no database');
      },
    ],
  ])('goes on after a fault, which is told: one that is %s', async (_how, fail) => {
    let failing = true;
    let done = 0;
    const { repeated, faults } = repeat(() => (failing ? fail() : Promise.resolve(done++)));
    await repeated.now();
    failing = false;
    await repeated.now();
    expect(faults).toEqual([[new Error('no database'), 'sweeping']]);
    expect(done).toBe(1);
  });

  it('ends after what is under way, and is not begun again', async () => {
    const order: string[] = [];
    let finish = (): void => undefined;
    const { repeated } = repeat(async () => {
      order.push('begun');
      await new Promise<void>((resolve) => (finish = resolve));
      order.push('done');
    });
    const running = repeated.now();
    const stopped = repeated.stop().then(() => order.push('stopped'));
    finish();
    await Promise.all([running, stopped]);
    await repeated.now();
    expect(order).toEqual(['begun', 'done', 'stopped']);
  });
});
