/** Load while a drill goes on: calls at a constant rate, whatever becomes of those before, and changes one after the other. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Counts what became of calls, and when those that failed were sent. */
export class Tally {
  outcomes = {};
  latencies = [];
  /** Of those that were not answered 200: when they were sent, in milliseconds since the beginning. */
  failures = [];
  #start = performance.now();

  add(outcome, sentAt) {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    this.latencies.push(performance.now() - sentAt);
    if (outcome !== 200 && outcome !== 201) this.failures.push(sentAt - this.#start);
  }

  get count() {
    return this.latencies.length;
  }

  /** From the first failure to the last, in seconds. */
  get failedForSeconds() {
    return this.failures.length === 0 ? 0 : (Math.max(...this.failures) - Math.min(...this.failures)) / 1_000;
  }

  get slowestMs() {
    return Math.round(Math.max(0, ...this.latencies));
  }

  toString() {
    const outcomes = Object.entries(this.outcomes).map(([outcome, count]) => `${count} × ${outcome}`);
    const failed = this.failures.length === 0 ? '' : `, failures within ${this.failedForSeconds.toFixed(1)} s`;
    return `${outcomes.join(', ')}${failed}; slowest ${this.slowestMs} ms`;
  }
}

/**
 * Calls at a constant rate until it is stopped.
 * @returns to stop it: then every call under way is waited for
 */
export function constantRate(call, perSecond) {
  const tally = new Tally();
  const underWay = new Set();
  let due = performance.now();
  const timer = setInterval(() => {
    for (; due <= performance.now(); due += 1_000 / perSecond) {
      const sentAt = performance.now();
      const one = call().then((outcome) => tally.add(outcome, sentAt));
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
    }
  }, 5);
  return {
    tally,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      return tally;
    },
  };
}

/** Makes changes one after the other, with a pause, until it is stopped. */
export function steadily(change, pauseMs) {
  const tally = new Tally();
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      const sentAt = performance.now();
      tally.add(await change(), sentAt);
      await sleep(pauseMs);
    }
  })();
  return {
    tally,
    async stop() {
      stopped = true;
      await running;
      return tally;
    },
  };
}
