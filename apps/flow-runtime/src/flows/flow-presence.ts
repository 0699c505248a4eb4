import type { FlowStatus } from './flow.view.js';
import { DeployedFlows } from './deployed-flows.js';
import { Injectable } from '@nestjs/common';

/** How this runtime holds the flows, and the wait until it does. */
@Injectable()
export class FlowPresence {
  #waiting: (() => void)[] = [];

  constructor(private readonly flows: DeployedFlows) {}

  /** To be called when a flow's record was applied. */
  changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  statusOf(id: string): FlowStatus {
    const state = this.flows.stateOf(id);
    if (!state) return { status: 'starting' };
    return state.error === undefined ? { status: 'started' } : { status: 'failed', error: state.error };
  }

  /** Waits until this version or a newer one is here, for a second at the most. */
  async started(id: string, version: number): Promise<void> {
    await this.#until(() => (this.flows.versionOf(id) ?? 0) >= version);
  }

  async gone(id: string): Promise<void> {
    await this.#until(() => this.flows.versionOf(id) === undefined);
  }

  async #until(reached: () => boolean): Promise<void> {
    const deadline = performance.now() + 1_000;
    while (!reached()) {
      const left = deadline - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}
