import type { DecideResponse } from '@sluice/contracts';
import type { Endpoint } from '../deployed-flows/deployed-flows.js';
import { allStand, Grounds, type Ground } from './grounds.js';
import { numberOf } from './question-names.js';

interface Kept {
  readonly answer: DecideResponse;
  readonly grounds: readonly Ground[];
}

/**
 * That a service instance may use an endpoint, as authorization said it: the second half of a permit, and the same for
 * every certificate of the instance. It falls as a permit does, with the first change of what it rests on.
 */
export class InstancePermits {
  /** In the order of storing: the oldest makes room. */
  readonly #kept = new Map<string, Kept>();
  readonly #grounds = new Grounds();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#kept.size;
  }

  get(endpoint: Endpoint, serviceInstanceId: string): DecideResponse | undefined {
    const name = nameOf(endpoint, serviceInstanceId);
    const kept = this.#kept.get(name);
    if (!kept || allStand(kept.grounds)) return kept?.answer;
    this.#drop(name, kept);
    return undefined;
  }

  /** @param answer a permit */
  store(endpoint: Endpoint, serviceInstanceId: string, answer: DecideResponse): void {
    const grounds = this.#grounds.hold(answer.dependencies);
    if (!grounds) return;
    const name = nameOf(endpoint, serviceInstanceId);
    const before = this.#kept.get(name);
    if (before) this.#drop(name, before);
    this.#kept.set(name, { answer, grounds });
    if (this.#kept.size <= this.capacity) return;
    for (const [oldest, kept] of this.#kept) {
      this.#drop(oldest, kept);
      break;
    }
  }

  changed(key: string, sequence: number): void {
    this.#grounds.changed(key, sequence);
  }

  clear(): void {
    this.#kept.clear();
    this.#grounds.clear();
  }

  #drop(name: string, kept: Kept): void {
    this.#kept.delete(name);
    this.#grounds.release(kept.grounds);
  }
}

function nameOf(endpoint: Endpoint, serviceInstanceId: string): string {
  return `${numberOf(endpoint)} ${serviceInstanceId}`;
}
