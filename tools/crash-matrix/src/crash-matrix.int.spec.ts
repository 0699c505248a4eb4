import { describe, expect, it } from '@jest/globals';
import { runCrashMatrix } from './crash-matrix.js';

/** The short run; `npm run crash-matrix` has every step, repeated, and what takes minutes. */
describe('what a crash leaves behind', () => {
  it('is each committed change in the event stream once and in order, and nothing else', async () => {
    const { crashes, committed, faults } = await runCrashMatrix({
      steps: ['outbox-written', 'committed', 'state-acknowledged', 'event-acknowledged', 'batch-published'],
      repeat: 1,
      frozenRelay: false,
      longDowntime: false,
      servers: true,
      say: () => undefined,
    });
    expect(faults).toEqual([]);
    expect(crashes).toBe(7);
    expect(committed).toBeGreaterThan(30);
  }, 300_000);
});
