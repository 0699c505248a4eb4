import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { enterSecretUse, type UsedSecret } from './enter-secret-use.js';

/** Keeps when secrets were used at this process, one entry each, and enters it now and then rather than at every use. */
@Injectable()
export class SecretUse {
  #used = new Map<string, UsedSecret>();

  constructor(private readonly dataSource: DataSource) {}

  note(used: UsedSecret): void {
    this.#used.set(used.id, used);
  }

  /** @param now milliseconds since 1970 */
  async execute(now: number): Promise<void> {
    const used = [...this.#used.values()];
    this.#used = new Map();
    try {
      await enterSecretUse(this.dataSource.manager, used, now);
    } catch (error) {
      for (const entry of used) if (!this.#used.has(entry.id)) this.#used.set(entry.id, entry);
      throw error;
    }
  }
}
