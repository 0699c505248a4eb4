import { describe, expect, it } from '@jest/globals';
import { ClockComparison } from './clock-comparison.js';

const hour = 3_600_000;

/** A process and the clocks around it, each by how many milliseconds it is ahead of the true time. */
function hear(ahead: { own?: number; bus?: number; [service: string]: number | undefined }, own?: string) {
  const { own: ownAhead = 0, bus = 0, ...services } = ahead;
  const clocks = new ClockComparison(own, () => 1_000_000_000 + ownAhead);
  for (const [service, serviceAhead = 0] of Object.entries(services))
    clocks.heard(service, 1_000_000_000 + bus, 1_000_000_000 + serviceAhead);
  return clocks;
}

describe('the comparison of clocks', () => {
  it('finds nothing wrong before it has heard of another clock, nor where they are nearly the same', () => {
    expect(hear({}).wrong).toBe(false);
    const clocks = hear({ own: 900, bus: -700, 'key-management': 1_500, authorization: 0, 'flow-runtime': 300 });
    expect(clocks.wrong).toBe(false);
    expect(clocks.deviationMs).toBe(600);
  });

  it.each([
    ['ahead', hour],
    ['behind', -hour],
  ])('finds that it is its own that is an hour %s, and of the others none', (_which, own) => {
    expect(hear({ own, 'key-management': 0, authorization: 0, 'flow-runtime': 0 })).toMatchObject({
      wrong: true,
      deviationMs: own,
    });
    for (const other of ['key-management', 'bus'])
      expect(hear({ 'key-management': 0, authorization: 0, 'flow-runtime': 0, [other]: own }).wrong).toBe(false);
  });

  it('takes the process that is wrong for a wrong one whichever service it is', () => {
    expect(
      hear({ own: hour, 'key-management': hour, authorization: 0, 'flow-runtime': 0 }, 'key-management').wrong,
    ).toBe(true);
  });

  it('trusts nobody where half of the clocks say one thing and half another', () => {
    expect(hear({ own: 0, 'key-management': hour, authorization: hour, bus: 0 }).wrong).toBe(true);
  });

  it('is not deceived by messages that come late, as after a pause of the process', () => {
    let now = 0;
    const clocks = new ClockComparison(undefined, () => now);
    for (let second = 0; second < 3; second++) {
      now = second * 1_000;
      clocks.heard('key-management', now, now);
    }
    now = 120_000;
    clocks.heard('key-management', 3_000, 3_000);
    expect(clocks.wrong).toBe(false);
  });

  it('notices within some seconds that its own was set', () => {
    let set = 0;
    const clocks = new ClockComparison(undefined, () => set);
    const hearAll = () =>
      ['key-management', 'authorization', 'flow-runtime'].forEach((name) => clocks.heard(name, 0, 0));
    hearAll();
    set = hour;
    for (let second = 0; second < 3; second++) hearAll();
    expect(clocks).toMatchObject({ wrong: true, deviationMs: hour });
    expect(clocks.describe()).toBe(
      'the clock of this process is 3600 s ahead of the others (against it: bus -3600.0 s, key-management -3600.0 s, ' +
        'authorization -3600.0 s, flow-runtime -3600.0 s); synchronize it (NTP)',
    );
    set = 0;
    for (let second = 0; second < 3; second++) hearAll();
    expect(clocks.wrong).toBe(false);
  });

  it('goes by the bus alone where the services do not tell their time, and by nothing where the bus did not stamp', () => {
    const clocks = new ClockComparison(undefined, () => 0);
    clocks.heard('key-management', Number.NaN, hour);
    expect(clocks.others).toEqual([]);
    clocks.heard('key-management', hour, undefined);
    expect(clocks.others).toEqual([{ clock: 'bus', aheadMs: hour }]);
    expect(clocks.wrong).toBe(true);
  });
});
