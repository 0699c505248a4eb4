import type { Dependency } from '@sluice/domain';
import type { Endpoint } from '../deployed-flows/deployed-flows.js';

/** A verdict that lets a caller use an endpoint, until it is dropped. `live` is false from then on, wherever it is held. */
export interface Permit {
  live: boolean;
  readonly certificateSha256: string;
  readonly endpoint: Endpoint;
  readonly caller: PermittedCaller;
  /** Milliseconds since 1970: it ends by the clock here. */
  readonly validUntilMs: number;
  readonly dependencies: readonly Dependency[];
}

export interface PermittedCaller {
  readonly subjectdn: string;
  readonly serviceKeyId?: string;
  readonly serviceKeyName?: string;
  readonly serviceInstanceId?: string;
}

/** A question that is out. It remembers what changed meanwhile, so that an answer which rests on less is not kept. */
export interface Question {
  /** True when a record the answer rests on has changed, or everything was dropped, since the question was asked. */
  overtakes(dependencies: readonly Dependency[]): boolean;
  close(): void;
}

/**
 * Permits by certificate and endpoint. Each names the records it rests on; a later change of one of them drops it, and a
 * new epoch drops all. Bounded: the permit that was stored longest ago makes room.
 */
export class PermitCache {
  readonly #permits = new Map<string, Map<Endpoint, Permit>>();
  readonly #byDependency = new Map<string, Set<Permit>>();
  readonly #questions = new Set<OpenQuestion>();
  #size = 0;

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.#size;
  }

  get(certificateSha256: string, endpoint: Endpoint): Permit | undefined {
    return this.#permits.get(certificateSha256)?.get(endpoint);
  }

  ask(): Question {
    const question = new OpenQuestion(() => this.#questions.delete(question));
    this.#questions.add(question);
    return question;
  }

  store(permit: Permit): void {
    let ofCertificate = this.#permits.get(permit.certificateSha256);
    const before = ofCertificate?.get(permit.endpoint);
    if (before) this.#drop(before);
    ofCertificate = this.#permits.get(permit.certificateSha256) ?? new Map<Endpoint, Permit>();
    this.#permits.set(permit.certificateSha256, ofCertificate);
    ofCertificate.set(permit.endpoint, permit);
    this.#size++;
    for (const { key } of permit.dependencies) {
      const dependents = this.#byDependency.get(key) ?? new Set<Permit>();
      dependents.add(permit);
      this.#byDependency.set(key, dependents);
    }
    if (this.#size > this.capacity) this.#dropOldest();
  }

  /** A record changed: what rests on it as it was before is void. */
  changed(key: string, sequence: number): void {
    for (const question of this.#questions) question.changed(key, sequence);
    const dependents = this.#byDependency.get(key);
    if (!dependents) return;
    for (const permit of [...dependents]) {
      const rests = permit.dependencies.find((dependency) => dependency.key === key);
      if (rests && rests.sequence < sequence) this.#drop(permit);
    }
  }

  clear(): void {
    for (const question of this.#questions) question.everythingChanged();
    for (const ofCertificate of this.#permits.values())
      for (const permit of ofCertificate.values()) permit.live = false;
    this.#permits.clear();
    this.#byDependency.clear();
    this.#size = 0;
  }

  #dropOldest(): void {
    const oldest = this.#permits.values().next();
    if (oldest.done) return;
    const permit = oldest.value.values().next();
    if (!permit.done) this.#drop(permit.value);
  }

  #drop(permit: Permit): void {
    permit.live = false;
    const ofCertificate = this.#permits.get(permit.certificateSha256);
    if (ofCertificate?.get(permit.endpoint) === permit) {
      ofCertificate.delete(permit.endpoint);
      if (ofCertificate.size === 0) this.#permits.delete(permit.certificateSha256);
      this.#size--;
    }
    for (const { key } of permit.dependencies) {
      const dependents = this.#byDependency.get(key);
      dependents?.delete(permit);
      if (dependents?.size === 0) this.#byDependency.delete(key);
    }
  }
}

class OpenQuestion implements Question {
  readonly #changed = new Map<string, number>();
  #everything = false;

  constructor(readonly close: () => void) {}

  changed(key: string, sequence: number): void {
    this.#changed.set(key, sequence);
  }

  everythingChanged(): void {
    this.#everything = true;
  }

  overtakes(dependencies: readonly Dependency[]): boolean {
    return this.#everything || dependencies.some(({ key, sequence }) => (this.#changed.get(key) ?? -1) > sequence);
  }
}
