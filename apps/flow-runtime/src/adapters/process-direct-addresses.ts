import type { ProcessDirectTarget } from './process-direct-port.in-process.js';

/** Which started flow listens on which ProcessDirect address in this runtime. */
export class ProcessDirectAddresses {
  #targets: ReadonlyMap<string, ProcessDirectTarget> = new Map();

  find(address: string): ProcessDirectTarget | undefined {
    return this.#targets.get(address);
  }

  /** Takes these and forgets all others, in one step. */
  replaceAll(targets: ReadonlyMap<string, ProcessDirectTarget>): void {
    this.#targets = targets;
  }
}
