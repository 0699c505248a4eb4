import { describe, expect, it } from '@jest/globals';
import { AheadBudget } from './ahead-budget.js';

describe('the budget of what is asked ahead', () => {
  it('allows any number of questions that were needed', () => {
    const budget = new AheadBudget(2, () => 0);
    for (let times = 0; times < 100; times++) {
      expect(budget.take()).toBe(true);
      budget.needed();
    }
  });

  it('allows so many wasted questions, and as many again after a second, however long nothing was asked', () => {
    let now = 0;
    const budget = new AheadBudget(2, () => now);
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
    now += 500;
    expect([budget.take(), budget.take()]).toEqual([true, false]);
    now += 3_600_000;
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
  });

  it('does not grow past its bound by answers that were needed', () => {
    const budget = new AheadBudget(1, () => 0);
    expect(budget.take()).toBe(true);
    budget.needed();
    budget.needed();
    expect([budget.take(), budget.take()]).toEqual([true, false]);
  });
});
