/** What keeps a service from being ready; every module adds what it knows of. */
export class Readiness {
  readonly #checks: (() => readonly string[])[] = [];

  /** @param check asked at each look, and by `/readyz`; gives one sentence for each thing that is missing */
  require(check: () => readonly string[]): void {
    this.#checks.push(check);
  }

  get problems(): readonly string[] {
    return this.#checks.flatMap((check) => check());
  }
}
